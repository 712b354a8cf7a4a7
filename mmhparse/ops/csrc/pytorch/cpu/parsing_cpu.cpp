// Parsing maps on the CPU: the part and the person of each pixel in one pass over the image.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <algorithm>
#include <tuple>
#include <vector>

#include "parsing_rows.h"
#include "person_rows.h"

namespace mmhparse {
namespace {

// The functions of parsing_rows.h for certain vector instructions.
struct Build {
  decltype(&baseline::likeliest) likeliest;
  decltype(&baseline::read_parts) read_parts;
};

// Those for the vector instructions of this processor.
Build best_build() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    return {avx512::likeliest, avx512::read_parts};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return {avx2::likeliest, avx2::read_parts};
#endif
  return {baseline::likeliest, baseline::read_parts};
}

const Build& build() {
  static const Build found = best_build();
  return found;
}

void check(const char* name, const at::Tensor& tensor, at::ScalarType type, at::IntArrayRef shape) {
  TORCH_CHECK_TYPE(tensor.scalar_type() == type, name, " must be ", type, ", got ", tensor.scalar_type(), ".");
  TORCH_CHECK_VALUE(tensor.sizes() == shape && tensor.is_contiguous() && tensor.is_cpu(), name,
                    " must be contiguous and ", shape, ", got ", tensor.sizes(), ".");
}

PartLogits logits_of(const at::Tensor& logits) {
  TORCH_CHECK_VALUE(logits.dim() == 3 && logits.size(0) > 0 && logits.size(0) <= kUnsure,
                    "logits must be (C, h, w) of 1 to 255 classes, got ", logits.sizes(), ".");
  TORCH_CHECK_TYPE(logits.scalar_type() == at::kFloat, "logits must be float32, got ", logits.scalar_type(), ".");
  const std::int64_t classes = logits.size(0), cells = logits.size(1) * logits.size(2);
  const bool by_class = logits.is_contiguous(), by_cell = logits.permute({1, 2, 0}).is_contiguous();
  TORCH_CHECK_VALUE(by_class || by_cell, "logits must be contiguous, or so with the classes last, got strides ",
                    logits.strides(), ".");
  return {logits.const_data_ptr<float>(), classes,           logits.size(1),
          logits.size(2),                 by_class ? cells : 1, by_class ? 1 : classes};
}

std::tuple<at::Tensor, at::Tensor> likeliest_parts(const at::Tensor& logits) {
  const PartLogits cells = logits_of(logits);
  const std::int64_t height = cells.height, width = cells.width;
  const at::Tensor part = at::empty({height, width}, logits.options().dtype(at::kByte));
  const at::Tensor squares = at::empty_like(part), certainty = at::empty({height, width}, logits.options());
  auto* const labels = part.mutable_data_ptr<std::uint8_t>();
  auto* const agreed = squares.mutable_data_ptr<std::uint8_t>();
  auto* const probability = certainty.mutable_data_ptr<float>();
  at::parallel_for(0, height * width, 1 << 14, [&](std::int64_t begin, std::int64_t end) {
    build().likeliest(cells, begin, end, labels, probability);
  });
  for (std::int64_t row = 0; row < height; ++row) {
    const std::uint8_t *above = labels + row * width, *below = labels + std::min(row + 1, height - 1) * width;
    std::uint8_t* out = agreed + row * width;
    for (std::int64_t column = 0; column < width; ++column) {
      const std::int64_t right = std::min(column + 1, width - 1);
      const std::uint8_t label = above[column];
      out[column] = above[right] == label && below[column] == label && below[right] == label ? label : kUnsure;
    }
  }
  return {squares, certainty};
}

PixelAxis axis_of(const char* name, const at::Tensor& low, const at::Tensor& high, const at::Tensor& share,
                  std::int64_t length) {
  check(name, low, at::kLong, {low.numel()});
  check(name, high, at::kLong, {low.numel()});
  check(name, share, at::kFloat, {low.numel()});
  if (low.numel())
    TORCH_CHECK_VALUE(low.min().item<std::int64_t>() >= 0 && high.min().item<std::int64_t>() >= 0 &&
                          std::max(low.max().item<std::int64_t>(), high.max().item<std::int64_t>()) < length,
                      name, " must name cells 0 to ", length - 1, ".");
  return {low.const_data_ptr<std::int64_t>(), high.const_data_ptr<std::int64_t>(), share.const_data_ptr<float>(),
          low.numel()};
}

// Where the pixels of an image lie among the cells of the part logits: left, right and share of the columns, above,
// below and share of the rows.
using Axes = at::TensorList;

PartReading reading_of(const at::Tensor& logits, const at::Tensor& squares, const at::Tensor& certainty, Axes axes) {
  const PartLogits cells = logits_of(logits);
  check("squares", squares, at::kByte, {cells.height, cells.width});
  check("certainty", certainty, at::kFloat, {cells.height, cells.width});
  TORCH_CHECK_VALUE(axes.size() == 6, "axes must be six tensors, got ", axes.size(), ".");
  return {cells, squares.const_data_ptr<std::uint8_t>(), certainty.const_data_ptr<float>(),
          axis_of("columns", axes[0], axes[1], axes[2], cells.width),
          axis_of("rows", axes[3], axes[4], axes[5], cells.height)};
}

std::tuple<at::Tensor, at::Tensor> read_parts(const at::Tensor& logits, const at::Tensor& squares,
                                              const at::Tensor& certainty, Axes axes) {
  const PartReading reading = reading_of(logits, squares, certainty, axes);
  const at::Tensor part_map = at::empty({reading.y.count, reading.x.count}, squares.options());
  const at::Tensor probability = at::empty(part_map.sizes(), logits.options());
  auto* const parts = part_map.mutable_data_ptr<std::uint8_t>();
  auto* const probabilities = probability.mutable_data_ptr<float>();
  const std::int64_t grain = std::max<std::int64_t>(1, (1 << 15) / std::max<std::int64_t>(1, reading.x.count));
  at::parallel_for(0, reading.y.count, grain, [&](std::int64_t begin, std::int64_t end) {
    build().read_parts(reading, begin, end, parts + begin * reading.x.count,
                       probabilities + begin * reading.x.count);
  });
  return {part_map, probability};
}

// Part map, person map, and areas and summed probabilities of each part of each person.
std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor> read_parsing(
    const at::Tensor& logits, const at::Tensor& squares, const at::Tensor& certainty, Axes axes, const at::Tensor& part,
    const at::Tensor& person, const at::Tensor& columns, const at::Tensor& rows, std::int64_t people) {
  const PartReading reading = reading_of(logits, squares, certainty, axes);
  const std::int64_t height = reading.y.count, width = reading.x.count, classes = reading.logits.classes;
  check("part", part, at::kByte, part.sizes());
  TORCH_CHECK_VALUE(part.dim() == 2 && part.numel() > 0, "part must be (h, w), got ", part.sizes(), ".");
  check("person", person, at::kInt, part.sizes());
  check("columns", columns, at::kDouble, {width});
  check("rows", rows, at::kDouble, {height});
  TORCH_CHECK_VALUE(person.min().item<std::int32_t>() >= 0 && person.max().item<std::int32_t>() <= people,
                    "person must hold ids from 0 to ", people, ".");
  const auto nearest = [](const at::Tensor& places, std::int64_t length) {
    return places.round().clamp(0, static_cast<double>(length - 1)).to(at::kLong);
  };
  const at::Tensor column = nearest(columns, part.size(1)), row = nearest(rows, part.size(0));
  const PersonCells cells{part.const_data_ptr<std::uint8_t>(), person.const_data_ptr<std::int32_t>(), part.size(0),
                          part.size(1), columns.const_data_ptr<double>(), rows.const_data_ptr<double>(),
                          column.const_data_ptr<std::int64_t>(), row.const_data_ptr<std::int64_t>()};
  const at::Tensor part_map = at::empty({height, width}, part.options());
  const at::Tensor person_map = at::empty({height, width}, person.options());
  auto* const parts = part_map.mutable_data_ptr<std::uint8_t>();
  auto* const persons = person_map.mutable_data_ptr<std::int32_t>();
  // one band a thread, with sums of its own, so that their order does not depend on which thread ends first
  const std::int64_t bands = std::max<std::int64_t>(1, std::min<std::int64_t>(at::get_num_threads(), height / 64));
  const at::Tensor areas = at::zeros({bands, people + 1, classes}, part.options().dtype(at::kLong));
  const at::Tensor sums = at::zeros({bands, people + 1, classes}, part.options().dtype(at::kDouble));
  at::parallel_for(0, bands, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t band = first; band < last; ++band) {
      const std::int64_t at = band * (people + 1) * classes;
      const PartSums own{areas.mutable_data_ptr<std::int64_t>() + at, sums.mutable_data_ptr<double>() + at, classes};
      // few rows at a time, which the persons read again from the cache
      constexpr std::int64_t kRows = 8;
      std::vector<float> probability(kRows * width);
      const std::int64_t stop = height * (band + 1) / bands;
      for (std::int64_t row = height * band / bands; row < stop; row += kRows) {
        const std::int64_t end = std::min(row + kRows, stop);
        build().read_parts(reading, row, end, parts + row * width, probability.data());
        for (std::int64_t y = row; y < end; ++y)
          read_person_row(cells, y, width, parts + y * width, probability.data() + (y - row) * width,
                          persons + y * width, own);
      }
    }
  });
  return {part_map, person_map, areas.sum(0), sums.sum(0)};
}

}  // namespace
}  // namespace mmhparse

TORCH_LIBRARY_FRAGMENT(mmhparse, library) {
  library.def("likeliest_parts(Tensor logits) -> (Tensor, Tensor)");
  library.def("read_parts(Tensor logits, Tensor squares, Tensor certainty, Tensor[] axes) -> (Tensor, Tensor)");
  library.def(
      "read_parsing(Tensor logits, Tensor squares, Tensor certainty, Tensor[] axes, Tensor part, Tensor person, "
      "Tensor columns, Tensor rows, int people) -> (Tensor, Tensor, Tensor, Tensor)");
}

TORCH_LIBRARY_IMPL(mmhparse, CPU, library) {
  library.impl("likeliest_parts", &mmhparse::likeliest_parts);
  library.impl("read_parts", &mmhparse::read_parts);
  library.impl("read_parsing", &mmhparse::read_parsing);
}
