// Limb affinity on the CPU: the field is sampled link by link, so that only the affinities are kept in memory.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

namespace mmhparse {
namespace {

typedef float Float4 __attribute__((vector_size(16)));

struct Point {
  float x, y;
};

// One limb's field (2, h, w): a plane of x and a plane of y, both at least 2 x 2 cells.
struct Field {
  const float* planes;
  int height, width;
  float stride;

  // Both components at `cell` and at the next cell of its row: x, x, y, y.
  Float4 cells(int cell) const {
    Float4 values;
    std::memcpy(&values, planes + cell, 8);
    std::memcpy(reinterpret_cast<char*>(&values) + 8, planes + height * width + cell, 8);
    return values;
  }
};

// The points along a link at which the field is sampled, at given fractions of its length. One array for each quantity,
// so that the compiler vectorises the loops.
class Samples {
 public:
  explicit Samples(const std::vector<float>& fractions)
      : fractions_(fractions),
        row_(fractions.size()),
        column_(fractions.size()),
        below_(fractions.size()),
        right_(fractions.size()) {}

  void place(const Field& field, Point start, Point link) {
    const float scale = 1 / field.stride;
    const Point first{(start.x + 0.5f) * scale - 0.5f, (start.y + 0.5f) * scale - 0.5f};
    const Point step{link.x * scale, link.y * scale};
    for (int index = 0; index < count(); ++index) {
      const float x = clamped(first.x + fractions_[index] * step.x, field.width);
      const float y = clamped(first.y + fractions_[index] * step.y, field.height);
      column_[index] = std::min(static_cast<int>(x), field.width - 2);
      row_[index] = std::min(static_cast<int>(y), field.height - 2);
      right_[index] = x - static_cast<float>(column_[index]);
      below_[index] = y - static_cast<float>(row_[index]);
    }
  }

  // The mean of the field's vectors, bilinear and clamped to the border cells.
  Point mean(const Field& field) const {
    Float4 sum{};
    for (int index = 0; index < count(); ++index) {
      const int cell = row_[index] * field.width + column_[index];
      const Float4 above = field.cells(cell), below = field.cells(cell + field.width);
      const float right = right_[index];
      sum += (above + (below - above) * below_[index]) * Float4{1 - right, right, 1 - right, right};
    }
    return {(sum[0] + sum[1]) / static_cast<float>(count()), (sum[2] + sum[3]) / static_cast<float>(count())};
  }

 private:
  int count() const { return static_cast<int>(fractions_.size()); }

  // The order of the operands matters: it maps NaN to 0, the first cell.
  static float clamped(float position, int length) {
    return std::min(std::max(0.0f, position), static_cast<float>(length - 1));
  }

  const std::vector<float>& fractions_;
  std::vector<int> row_, column_;     // the upper left one of the four cells around each point
  std::vector<float> below_, right_;  // weights of the lower and of the right cells
};

// Agreement of a link with the mean of the field's vectors along it, by the formula of
// mmhparse.codecs.candidates_to_problems.
float affinity(Point link, Point vector, float stride) {
  const float square = link.x * link.x + link.y * link.y, half_cell = stride / 2;
  const float softened = std::sqrt(square + half_cell * half_cell);
  const float strength = std::sqrt(std::max(vector.x * vector.x + vector.y * vector.y, 1e-12f));
  return (vector.x * link.x + vector.y * link.y) / softened + strength * (1 - std::sqrt(square) / softened);
}

// Fractions from 0 to 1 at equal distances; a single one is 0.
std::vector<float> even_fractions(int64_t samples) {
  std::vector<float> fractions(samples);
  for (int64_t index = 1; index < samples; ++index)
    fractions[index] = static_cast<float>(static_cast<double>(index) / static_cast<double>(samples - 1));
  return fractions;
}

void check(const at::Tensor& xy, const at::Tensor& fields, const at::Tensor& limbs, int64_t stride, int64_t samples) {
  TORCH_CHECK_VALUE(xy.dim() == 4 && xy.size(3) == 2, "xy must be (B, K, N, 2), got ", xy.sizes(), ".");
  TORCH_CHECK_VALUE(fields.dim() == 5 && fields.size(0) == xy.size(0) && fields.size(2) == 2,
                    "limb_fields must be (B, L, 2, h, w) of the ", xy.size(0), " images of xy, got ", fields.sizes(),
                    ".");
  TORCH_CHECK_VALUE(fields.size(3) > 1 && fields.size(4) > 1, "limb_fields must have 2 x 2 cells or more, got ",
                    fields.sizes(), ".");
  TORCH_CHECK_VALUE(fields.size(3) * fields.size(4) < 1 << 30, "limb_fields must have fewer than 2^30 cells, got ",
                    fields.sizes(), ".");
  TORCH_CHECK_VALUE(limbs.dim() == 2 && limbs.size(0) == fields.size(1) && limbs.size(1) == 2,
                    "limbs must be (L, 2) of the ", fields.size(1), " limbs of limb_fields, got ", limbs.sizes(), ".");
  TORCH_CHECK_TYPE(xy.scalar_type() == at::kFloat && fields.scalar_type() == at::kFloat,
                   "xy and limb_fields must be float32, got ", xy.scalar_type(), " and ", fields.scalar_type(), ".");
  TORCH_CHECK_TYPE(limbs.scalar_type() == at::kLong, "limbs must be int64, got ", limbs.scalar_type(), ".");
  TORCH_CHECK_VALUE(stride > 0 && samples > 0, "stride and samples must be positive, got ", stride, " and ", samples,
                    ".");
  if (limbs.numel())
    TORCH_CHECK_VALUE(limbs.min().item<int64_t>() >= 0 && limbs.max().item<int64_t>() < xy.size(1),
                      "limbs must join joint types 0 to ", xy.size(1) - 1, ".");
}

at::Tensor limb_affinity(const at::Tensor& xy, const at::Tensor& limb_fields, const at::Tensor& limbs, int64_t stride,
                         int64_t samples) {
  check(xy, limb_fields, limbs, stride, samples);
  const int64_t images = xy.size(0), joints = xy.size(1), most = xy.size(2), count = limbs.size(0);
  const int height = static_cast<int>(limb_fields.size(3)), width = static_cast<int>(limb_fields.size(4));
  const at::Tensor points = xy.contiguous(), fields = limb_fields.contiguous(), ends = limbs.contiguous();
  at::Tensor result = at::empty({images, count, most, most}, xy.options());  // (B, L, N, N)
  const float* positions = points.const_data_ptr<float>();
  const float* planes = fields.const_data_ptr<float>();
  const int64_t* joined = ends.const_data_ptr<int64_t>();
  float* out = result.mutable_data_ptr<float>();
  const std::vector<float> fractions = even_fractions(samples);
  const auto field_of = [&](int64_t limb) {
    return Field{planes + limb * 2 * height * width, height, width, static_cast<float>(stride)};
  };
  const auto candidate = [&](int64_t image, int64_t joint, int64_t index) {
    const float* position = positions + 2 * ((image * joints + joint) * most + index);
    return Point{position[0], position[1]};
  };
  const int64_t grain = std::max<int64_t>(1, 4096 / std::max<int64_t>(1, most * samples));
  at::parallel_for(0, images * count * most, grain, [&](int64_t begin, int64_t end) {
    Samples points_along(fractions);
    for (int64_t row = begin; row < end; ++row) {
      const int64_t limb = row / most, image = limb / count;
      const int64_t* types = joined + 2 * (limb % count);
      const Field field = field_of(limb);
      const Point first = candidate(image, types[0], row % most);
      for (int64_t column = 0; column < most; ++column) {
        const Point second = candidate(image, types[1], column), link{second.x - first.x, second.y - first.y};
        points_along.place(field, first, link);
        out[row * most + column] = affinity(link, points_along.mean(field), field.stride);
      }
    }
  });
  return result;
}

}  // namespace
}  // namespace mmhparse

TORCH_LIBRARY_IMPL(mmhparse, CPU, library) { library.impl("limb_affinity", mmhparse::limb_affinity); }
