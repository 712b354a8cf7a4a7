// Limb affinity on the CPU: each link is read from its limb's field by itself, so that nothing but the affinities is kept
// in memory.
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

typedef float Four __attribute__((vector_size(16)));

struct Point {
  float x, y;
};

// One limb's field: a plane of x and a plane of y, both at least 2 x 2 cells.
struct Field {
  const float* planes;
  int height, width;
  float stride;

  // Both components at two neighbouring cells: x, x, y, y.
  Four cells(int cell) const {
    Four values;
    std::memcpy(&values, planes + cell, 8);
    std::memcpy(reinterpret_cast<char*>(&values) + 8, planes + height * width + cell, 8);
    return values;
  }
};

// Where the field is read along a link: at shares of the way. Loops over arrays become vector instructions.
class Samples {
 public:
  explicit Samples(const std::vector<float>& shares)
      : shares_(shares), row_(shares.size()), column_(shares.size()), below_(shares.size()), right_(shares.size()) {}

  void place(const Field& field, Point start, Point link) {
    const float scale = 1 / field.stride;
    const Point first{(start.x + 0.5f) * scale - 0.5f, (start.y + 0.5f) * scale - 0.5f};
    const Point way{link.x * scale, link.y * scale};
    for (int index = 0; index < count(); ++index) {
      const float x = clamped(first.x + shares_[index] * way.x, field.width);
      const float y = clamped(first.y + shares_[index] * way.y, field.height);
      column_[index] = std::min(static_cast<int>(x), field.width - 2);
      row_[index] = std::min(static_cast<int>(y), field.height - 2);
      right_[index] = x - static_cast<float>(column_[index]);
      below_[index] = y - static_cast<float>(row_[index]);
    }
  }

  // The mean of the field's vectors, bilinear and clamped to the border cells.
  Point mean(const Field& field) const {
    Four sum{};
    for (int index = 0; index < count(); ++index) {
      const int cell = row_[index] * field.width + column_[index];
      const Four above = field.cells(cell), under = field.cells(cell + field.width);
      const float right = right_[index];
      sum += (above + (under - above) * below_[index]) * Four{1 - right, right, 1 - right, right};
    }
    return {(sum[0] + sum[1]) / static_cast<float>(count()), (sum[2] + sum[3]) / static_cast<float>(count())};
  }

 private:
  int count() const { return static_cast<int>(shares_.size()); }

  // In this order, a position that is no number becomes that of the first cell.
  static float clamped(float place, int length) {
    return std::min(std::max(0.0f, place), static_cast<float>(length - 1));
  }

  const std::vector<float>& shares_;
  std::vector<int> row_, column_;
  std::vector<float> below_, right_;
};

// Agreement of a link with the mean of the field's vectors along it; the formula is that of the reference in PyTorch.
float affinity(Point link, Point vector, float stride) {
  const float square = link.x * link.x + link.y * link.y, half_cell = stride / 2;
  const float softened = std::sqrt(square + half_cell * half_cell);
  const float strength = std::sqrt(std::max(vector.x * vector.x + vector.y * vector.y, 1e-12f));
  return (vector.x * link.x + vector.y * link.y) / softened + strength * (1 - std::sqrt(square) / softened);
}

std::vector<float> even_shares(int64_t samples) {
  std::vector<float> shares(samples);
  for (int64_t index = 1; index < samples; ++index)
    shares[index] = static_cast<float>(static_cast<double>(index) / static_cast<double>(samples - 1));
  return shares;
}

void check(const at::Tensor& xy, const at::Tensor& fields, const at::Tensor& limbs, int64_t stride, int64_t samples) {
  TORCH_CHECK_VALUE(xy.dim() == 4 && xy.size(3) == 2, "xy must be (B, K, N, 2), got ", xy.sizes(), ".");
  TORCH_CHECK_VALUE(fields.dim() == 5 && fields.size(0) == xy.size(0) && fields.size(2) == 2,
                    "limb_fields must be (B, L, 2, h, w) of the ", xy.size(0), " images of xy, got ", fields.sizes(),
                    ".");
  TORCH_CHECK_VALUE(fields.size(3) > 1 && fields.size(4) > 1, "limb_fields must have 2 x 2 cells or more, got ",
                    fields.sizes(), ".");
  TORCH_CHECK_VALUE(fields.size(3) * fields.size(4) < 1 << 30, "limb_fields must have fewer cells, got ",
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
  at::Tensor result = at::empty({images, count, most, most}, xy.options());
  const float* places = points.const_data_ptr<float>();
  const float* planes = fields.const_data_ptr<float>();
  const int64_t* joined = ends.const_data_ptr<int64_t>();
  float* out = result.mutable_data_ptr<float>();
  const std::vector<float> shares = even_shares(samples);
  const auto field_of = [&](int64_t limb) {
    return Field{planes + limb * 2 * height * width, height, width, static_cast<float>(stride)};
  };
  const auto candidate = [&](int64_t image, int64_t joint, int64_t index) {
    const float* place = places + 2 * ((image * joints + joint) * most + index);
    return Point{place[0], place[1]};
  };
  const int64_t grain = std::max<int64_t>(1, 4096 / std::max<int64_t>(1, most * samples));
  at::parallel_for(0, images * count * most, grain, [&](int64_t begin, int64_t end) {
    Samples along(shares);
    for (int64_t row = begin; row < end; ++row) {
      const int64_t limb = row / most, image = limb / count;
      const int64_t* types = joined + 2 * (limb % count);
      const Field field = field_of(limb);
      const Point first = candidate(image, types[0], row % most);
      for (int64_t column = 0; column < most; ++column) {
        const Point second = candidate(image, types[1], column), link{second.x - first.x, second.y - first.y};
        along.place(field, first, link);
        out[row * most + column] = affinity(link, along.mean(field), field.stride);
      }
    }
  });
  return result;
}

}  // namespace
}  // namespace mmhparse

TORCH_LIBRARY_IMPL(mmhparse, CPU, library) { library.impl("limb_affinity", mmhparse::limb_affinity); }
