// The definitions of parsing_rows.h for the vector instructions that the including file chooses, in the namespace
// MMHPARSE_ARCHITECTURE. Everything is in namespaces of that build, so that the linker does not merge builds.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "parsing_rows.h"

namespace mmhparse::MMHPARSE_ARCHITECTURE {
namespace {

// Cells that are compared at once: their logits of all classes stay in the cache.
constexpr int kBlock = 128;
// Classes are padded to a multiple of the longest vector, with logits that are higher than none, not even than -inf: a
// label beyond the classes would be an index beyond the table of parts. Their means are NaN, which is higher than none.
constexpr std::int64_t kLanes = 16;
constexpr float kNever = -INFINITY;

inline std::int64_t padded_of(std::int64_t classes) { return (classes + kLanes - 1) / kLanes * kLanes; }

// e^x for x <= 0, within 2e-7 of it; unlike std::exp, the compiler vectorises it.
inline float exp_below_0(float x) {
  x = x > -87.0f ? x : -87.0f;
  // to the nearest integer: adding 1.5 * 2^23 leaves no bit for a fraction
  const float shifted = x * 1.44269504f + 12582912.0f, power = shifted - 12582912.0f;
  const float rest = (x - power * 0.693359375f) + power * 2.12194440e-4f;  // within ln(2) / 2 of 0
  float series = 1.9875691500e-4f;
  series = series * rest + 1.3981999507e-3f;
  series = series * rest + 8.3334519073e-3f;
  series = series * rest + 4.1665795894e-2f;
  series = series * rest + 1.6666665459e-1f;
  series = series * rest + 5.0000001201e-1f;
  series = series * rest * rest + rest + 1.0f;
  const std::int32_t exponent = (static_cast<std::int32_t>(power) + 127) << 23;
  float scale;
  std::memcpy(&scale, &exponent, sizeof(scale));
  return series * scale;
}

// As torch.lerp rounds it: one fused multiply-add, from the nearer end.
inline float lerp(float from, float to, float share) {
  return std::abs(share) < 0.5f ? std::fma(share, to - from, from) : std::fma(share - 1.0f, to - from, to);
}

// The likeliest of the classes by their logits, (padded,), and its probability, 0 for the background.
inline std::uint8_t likeliest_of(const float* logits, std::int64_t padded, float& certainty) {
  float best = logits[0];
#pragma omp simd reduction(max : best)
  for (std::int64_t c = 0; c < padded; ++c) best = logits[c] > best ? logits[c] : best;
  certainty = 0;
  if (!(best > logits[0])) return 0;
  std::int32_t part = kUnsure;
  float sum = 0;
#pragma omp simd reduction(min : part) reduction(+ : sum)
  for (std::int64_t c = 0; c < padded; ++c) {
    const std::int32_t found = logits[c] == best ? static_cast<std::int32_t>(c) : kUnsure;
    part = found < part ? found : part;
    sum += exp_below_0(logits[c] - best);
  }
  certainty = 1 / sum;
  return static_cast<std::uint8_t>(part);
}

// The pixels of one square of cells that disagree: rows and columns with the same neighbours.
class Square {
 public:
  explicit Square(const PartReading& reading)
      : reading_(reading), padded_(padded_of(reading.logits.classes)) {
    std::fill(values_, values_ + 7 * padded_, kNever);
  }

  // Writes to the maps, of which the first row is that of `row`.
  void read(std::int64_t row, std::int64_t row_end, std::int64_t column, std::int64_t column_end,
            std::uint8_t* part_map, float* certainty) {
    const PixelAxis &x = reading_.x, &y = reading_.y;
    float *first = at(0), *second = at(1), *third = at(2), *fourth = at(3);
    float *above = at(4), *below = at(5), *mean = at(6);
    gather(y.low[row], x.low[column], x.high[column], first, second);
    gather(y.high[row], x.low[column], x.high[column], third, fourth);
    for (std::int64_t j = column; j < column_end; ++j) {
      blend(first, second, x.share[j], above);
      blend(third, fourth, x.share[j], below);
      for (std::int64_t i = row; i < row_end; ++i) {
        blend(above, below, y.share[i], mean);
        const std::int64_t at = (i - row) * x.count + j;
        part_map[at] = likeliest_of(mean, padded_, certainty[at]);
      }
    }
  }

 private:
  float* at(int index) { return values_ + index * padded_; }

  void gather(std::int64_t row, std::int64_t left, std::int64_t right, float* at_left, float* at_right) const {
    const PartLogits& logits = reading_.logits;
    const float* from_left = logits.values + (row * logits.width + left) * logits.cell_stride;
    const float* from_right = logits.values + (row * logits.width + right) * logits.cell_stride;
    for (std::int64_t c = 0; c < logits.classes; ++c) {
      at_left[c] = from_left[c * logits.class_stride];
      at_right[c] = from_right[c * logits.class_stride];
    }
  }

  void blend(const float* from, const float* to, float share, float* out) const {
    const std::int64_t padded = padded_;
#pragma omp simd
    for (std::int64_t c = 0; c < padded; ++c) out[c] = lerp(from[c], to[c], share);
  }

  const PartReading& reading_;
  std::int64_t padded_;
  alignas(64) float values_[7 * (kUnsure + 1)];
};

// Of up to kBlock cells; those of one class lie side by side, `stride` after those of the class before.
inline void likeliest_of_block(const float* logits, std::int64_t stride, std::int64_t classes, int count,
                               std::uint8_t* part, float* certainty) {
  float best[kBlock], sum[kBlock];
  std::int32_t label[kBlock];
  for (int i = 0; i < count; ++i) best[i] = logits[i], label[i] = 0;
  for (int c = 1; c < classes; ++c) {
    const float* plane = logits + c * stride;
    for (int i = 0; i < count; ++i) {
      const bool better = plane[i] > best[i];
      best[i] = better ? plane[i] : best[i];
      label[i] = better ? c : label[i];
    }
  }
  std::int32_t any = 0;
  for (int i = 0; i < count; ++i) any |= label[i];
  if (any == 0) {  // most of an image is background
    std::fill(part, part + count, std::uint8_t{0});
    std::fill(certainty, certainty + count, 0.0f);
    return;
  }
  std::fill(sum, sum + count, 0.0f);
  for (int c = 0; c < classes; ++c)
    for (int i = 0; i < count; ++i) sum[i] += exp_below_0(logits[c * stride + i] - best[i]);
  for (int i = 0; i < count; ++i) {
    part[i] = static_cast<std::uint8_t>(label[i]);
    certainty[i] = label[i] > 0 ? 1 / sum[i] : 0.0f;
  }
}

}  // namespace

// flatten: inlines everything into code for these vector instructions
__attribute__((flatten)) void likeliest(const PartLogits& logits, std::int64_t begin, std::int64_t end,
                                        std::uint8_t* part, float* certainty) {
  const std::int64_t classes = logits.classes;
  float block[kBlock * kUnsure];
  for (std::int64_t start = begin; start < end; start += kBlock) {
    const int count = static_cast<int>(std::min<std::int64_t>(kBlock, end - start));
    const float* values = logits.values + start * logits.cell_stride;
    if (logits.cell_stride != 1) {
      for (int i = 0; i < count; ++i)
        for (int c = 0; c < classes; ++c) block[c * kBlock + i] = values[i * classes + c];
      likeliest_of_block(block, kBlock, classes, count, part + start, certainty + start);
    } else {
      likeliest_of_block(values, logits.class_stride, classes, count, part + start, certainty + start);
    }
  }
}

__attribute__((flatten)) void read_parts(const PartReading& reading, std::int64_t begin, std::int64_t end,
                                         std::uint8_t* part_map, float* certainty) {
  const PixelAxis &x = reading.x, &y = reading.y;
  Square square(reading);
  for (std::int64_t row = begin, row_end; row < end; row = row_end) {
    row_end = y.run(row, end);
    std::uint8_t* const labels = part_map + (row - begin) * x.count;
    float* const probabilities = certainty + (row - begin) * x.count;
    const std::uint8_t* squares = reading.squares + y.low[row] * reading.logits.width;
    for (std::int64_t column = 0, column_end; column < x.count; column = column_end) {
      column_end = x.run(column, x.count);
      const std::uint8_t label = squares[x.low[column]];
      if (label == 0) {
        while (column_end < x.count && squares[x.low[column_end]] == 0) ++column_end;
        for (std::int64_t i = row; i < row_end; ++i) {
          const std::int64_t at = (i - row) * x.count;
          std::fill(labels + at + column, labels + at + column_end, std::uint8_t{0});
          std::fill(probabilities + at + column, probabilities + at + column_end, 0.0f);
        }
        continue;
      }
      if (label == kUnsure) {
        square.read(row, row_end, column, column_end, labels, probabilities);
        continue;
      }
      for (std::int64_t i = row; i < row_end; ++i) {
        const float* nearest = reading.certainty + (y.share[i] < 0.5f ? y.low[i] : y.high[i]) * reading.logits.width;
        for (std::int64_t j = column; j < column_end; ++j) {
          const std::int64_t at = (i - row) * x.count + j;
          labels[at] = label;
          probabilities[at] = nearest[x.share[j] < 0.5f ? x.low[j] : x.high[j]];
        }
      }
    }
  }
}

}  // namespace mmhparse::MMHPARSE_ARCHITECTURE
