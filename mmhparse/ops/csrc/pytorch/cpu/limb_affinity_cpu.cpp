// Limb affinity on the CPU: the field is sampled link by link, so that only the affinities are kept in memory.
#include <ATen/ATen.h>
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "../limb_affinity.h"

namespace mmhparse {
namespace {

template <typename T>
struct FourOf {
  typedef T Type __attribute__((vector_size(4 * sizeof(T))));
};

// Four numbers in a vector register.
template <typename T>
using Four = typename FourOf<T>::Type;

// Both components of one limb's field (2, h, w), or of its gradient, at `cell` and at the next cell of its row: x, x,
// y, y. A pair of planes has size.cells() numbers each.
template <typename T>
Four<T> load(const T* planes, const LimbSizes& size, int cell) {
  Four<T> values;
  std::memcpy(&values, planes + cell, 2 * sizeof(T));
  std::memcpy(reinterpret_cast<T*>(&values) + 2, planes + size.cells() + cell, 2 * sizeof(T));
  return values;
}

template <typename T>
void add(T* planes, const LimbSizes& size, int cell, Four<T> values) {
  values += load<T>(planes, size, cell);
  std::memcpy(planes + cell, &values, 2 * sizeof(T));
  std::memcpy(planes + size.cells() + cell, reinterpret_cast<const T*>(&values) + 2, 2 * sizeof(T));
}

// The points along a link at which the field is sampled. One array for each quantity, so that the compiler vectorises
// the loops.
template <typename T>
class Samples {
 public:
  explicit Samples(const LimbSizes& size)
      : size_(size),
        fractions_(size.samples),
        row_(size.samples),
        column_(size.samples),
        below_(size.samples),
        right_(size.samples) {
    for (int index = 0; index < size.samples; ++index) fractions_[index] = fraction_of<T>(index, size.samples);
  }

  void place(const Line<T>& line) {
    for (int index = 0; index < size_.samples; ++index) {
      const Between<T> x = between(line.start.x + fractions_[index] * line.step.x, size_.width);
      const Between<T> y = between(line.start.y + fractions_[index] * line.step.y, size_.height);
      column_[index] = x.cell, right_[index] = x.share;
      row_[index] = y.cell, below_[index] = y.share;
    }
  }

  // The mean of the field's vectors.
  Vector<T> mean(const T* field) const {
    Four<T> sum{};
    for (int index = 0; index < size_.samples; ++index) {
      const int cell = cell_of(index);
      const Four<T> above = load(field, size_, cell), below = load(field, size_, cell + size_.width);
      sum += (above + (below - above) * below_[index]) * across(index);
    }
    const T count = static_cast<T>(size_.samples);
    return {(sum[0] + sum[1]) / count, (sum[2] + sum[3]) / count};
  }

  // Adds the field's gradient, from that of the mean.
  void add_gradient(Vector<T> of_mean, T* grad_field) const {
    const T count = static_cast<T>(size_.samples), x = of_mean.x / count, y = of_mean.y / count;
    for (int index = 0; index < size_.samples; ++index) {
      const int cell = cell_of(index);
      const Four<T> both = Four<T>{x, x, y, y} * across(index);
      add<T>(grad_field, size_, cell, both * (1 - below_[index]));
      add<T>(grad_field, size_, cell + size_.width, both * below_[index]);
    }
  }

 private:
  int cell_of(int index) const { return row_[index] * size_.width + column_[index]; }
  Four<T> across(int index) const {
    const T right = right_[index];
    return Four<T>{1 - right, right, 1 - right, right};
  }

  const LimbSizes& size_;
  std::vector<T> fractions_;
  std::vector<int> row_, column_;  // the upper left one of the four cells around each point
  std::vector<T> below_, right_;   // weights of the lower and of the right cells
};

// The candidates at the two ends of each limb.
template <typename T>
class Candidates {
 public:
  Candidates(const at::Tensor& xy, const at::Tensor& limbs, const LimbSizes& size)
      : xy_(xy.const_data_ptr<T>()), limbs_(limbs.const_data_ptr<int64_t>()), size_(size) {}

  // Candidate `index` at an end, 0 or 1, of limb `field` of all images.
  Vector<T> operator()(int64_t field, int end, int64_t index) const {
    const int64_t joint = limbs_[2 * (field % size_.limbs) + end], image = field / size_.limbs;
    const T* place = xy_ + 2 * ((image * size_.joints + joint) * size_.candidates + index);
    return {place[0], place[1]};
  }

 private:
  const T* xy_;
  const int64_t* limbs_;
  const LimbSizes& size_;
};

LimbSizes check(const at::Tensor& xy, const at::Tensor& fields, const at::Tensor& limbs, int64_t stride,
                int64_t samples) {
  const LimbSizes size = checked_sizes(xy, fields, limbs, stride, samples);
  if (limbs.numel())
    TORCH_CHECK_VALUE(limbs.min().item<int64_t>() >= 0 && limbs.max().item<int64_t>() < size.joints,
                      "limbs must join joint types 0 to ", size.joints - 1, ".");
  return size;
}

template <typename T>
void forward(const at::Tensor& xy, const at::Tensor& fields, const at::Tensor& limbs, T stride, const LimbSizes& size,
             at::Tensor& affinity) {
  const Candidates<T> candidate(xy, limbs, size);
  const T* planes = fields.const_data_ptr<T>();
  T* out = affinity.mutable_data_ptr<T>();
  const int64_t most = size.candidates, grain = 4096 / std::max<int64_t>(1, most * size.samples);
  at::parallel_for(0, size.images * size.limbs * most, std::max<int64_t>(1, grain), [&](int64_t begin, int64_t end) {
    Samples<T> points(size);
    for (int64_t row = begin; row < end; ++row) {
      const int64_t field = row / most;
      const Vector<T> first = candidate(field, 0, row % most);
      for (int64_t column = 0; column < most; ++column) {
        const Vector<T> second = candidate(field, 1, column), link{second.x - first.x, second.y - first.y};
        points.place(Line<T>(first, link, stride));
        out[row * most + column] = affinity_of(link, points.mean(planes + field * 2 * size.cells()), stride);
      }
    }
  });
}

template <typename T>
void of_links(const at::Tensor& xy, const at::Tensor& fields, const at::Tensor& limbs, const at::Tensor& links, T stride,
              const LimbSizes& size, at::Tensor& affinity) {
  const Candidates<T> candidate(xy, limbs, size);
  const T* planes = fields.const_data_ptr<T>();
  const int64_t* link = links.const_data_ptr<int64_t>();
  T* out = affinity.mutable_data_ptr<T>();
  at::parallel_for(0, links.size(0), 4096, [&](int64_t begin, int64_t end) {
    Samples<T> points(size);
    for (int64_t index = begin; index < end; ++index) {
      const int64_t field = link[3 * index];
      const Vector<T> first = candidate(field, 0, link[3 * index + 1]), second = candidate(field, 1, link[3 * index + 2]);
      const Vector<T> along{second.x - first.x, second.y - first.y};
      points.place(Line<T>(first, along, stride));
      out[index] = affinity_of(along, points.mean(planes + field * 2 * size.cells()), stride);
    }
  });
}

// A field's gradient is added up by one thread, so that it does not depend on their number.
template <typename T>
void backward(const at::Tensor& grad_affinity, const at::Tensor& xy, const at::Tensor& fields, const at::Tensor& limbs,
              T stride, const LimbSizes& size, at::Tensor& grad_fields) {
  const Candidates<T> candidate(xy, limbs, size);
  const T* planes = fields.const_data_ptr<T>();
  const T* grad = grad_affinity.const_data_ptr<T>();
  T* out = grad_fields.mutable_data_ptr<T>();
  const int64_t links = size.candidates * size.candidates;
  at::parallel_for(0, size.images * size.limbs, 1, [&](int64_t begin, int64_t end) {
    Samples<T> points(size);
    for (int64_t field = begin; field < end; ++field) {
      const int64_t at = field * 2 * size.cells();
      for (int64_t index = 0; index < links; ++index) {
        const T weight = grad[field * links + index];
        if (weight == 0) continue;  // as of all links of padding
        const Vector<T> first = candidate(field, 0, index / size.candidates);
        const Vector<T> second = candidate(field, 1, index % size.candidates);
        const Vector<T> link{second.x - first.x, second.y - first.y};
        points.place(Line<T>(first, link, stride));
        const Vector<T> slope = affinity_gradient(link, points.mean(planes + at), stride);
        points.add_gradient({weight * slope.x, weight * slope.y}, out + at);
      }
    }
  });
}

at::Tensor limb_affinity(const at::Tensor& xy, const at::Tensor& limb_fields, const at::Tensor& limbs, int64_t stride,
                         int64_t samples) {
  const LimbSizes size = check(xy, limb_fields, limbs, stride, samples);
  at::Tensor affinity = at::empty({size.images, size.limbs, size.candidates, size.candidates}, xy.options());
  AT_DISPATCH_FLOATING_TYPES(xy.scalar_type(), "limb_affinity", [&] {
    forward<scalar_t>(xy.contiguous(), limb_fields.contiguous(), limbs.contiguous(), static_cast<scalar_t>(stride),
                      size, affinity);
  });
  return affinity;
}

at::Tensor pair_affinity(const at::Tensor& xy, const at::Tensor& limb_fields, const at::Tensor& limbs,
                         const at::Tensor& links, int64_t stride, int64_t samples) {
  const LimbSizes size = check(xy, limb_fields, limbs, stride, samples);
  TORCH_CHECK_TYPE(links.scalar_type() == at::kLong, "links must be int64, got ", links.scalar_type(), ".");
  TORCH_CHECK_VALUE(links.dim() == 2 && links.size(1) == 3 && links.is_cpu(), "links must be (E, 3) on the CPU, got ",
                    links.sizes(), ".");
  const at::Tensor listed = links.contiguous();
  const int64_t* link = listed.const_data_ptr<int64_t>();
  const int64_t most[] = {size.images * size.limbs, size.candidates, size.candidates};
  for (int64_t index = 0; index < listed.numel(); ++index)
    TORCH_CHECK_VALUE(link[index] >= 0 && link[index] < most[index % 3], "links must be below (B * L, N, N), ",
                      at::IntArrayRef(most), ", got ", link[index], " in column ", index % 3, ".");
  at::Tensor affinity = at::empty({listed.size(0)}, xy.options());
  AT_DISPATCH_FLOATING_TYPES(xy.scalar_type(), "pair_affinity", [&] {
    of_links<scalar_t>(xy.contiguous(), limb_fields.contiguous(), limbs.contiguous(), listed,
                       static_cast<scalar_t>(stride), size, affinity);
  });
  return affinity;
}

at::Tensor limb_affinity_backward(const at::Tensor& grad_affinity, const at::Tensor& xy, const at::Tensor& limb_fields,
                                  const at::Tensor& limbs, int64_t stride, int64_t samples) {
  const LimbSizes size = check(xy, limb_fields, limbs, stride, samples);
  check_affinity_gradient(grad_affinity, limb_fields, size);
  at::Tensor grad_fields = at::zeros(limb_fields.sizes(), limb_fields.options());
  AT_DISPATCH_FLOATING_TYPES(xy.scalar_type(), "limb_affinity_backward", [&] {
    backward<scalar_t>(grad_affinity.contiguous(), xy.contiguous(), limb_fields.contiguous(), limbs.contiguous(),
                       static_cast<scalar_t>(stride), size, grad_fields);
  });
  return grad_fields;
}

}  // namespace
}  // namespace mmhparse

TORCH_LIBRARY_IMPL(mmhparse, CPU, library) {
  library.impl("limb_affinity", &mmhparse::limb_affinity);
  library.impl("pair_affinity", &mmhparse::pair_affinity);
  library.impl("limb_affinity_backward", &mmhparse::limb_affinity_backward);
}
