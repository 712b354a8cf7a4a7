// Kernels of limb affinity, without torch. A thread computes one link at a time: neighbouring threads have the same
// first end, and write neighbouring numbers. In double, adding needs a device of compute capability 6.0 or higher.
#pragma once

#include "../limb_affinity.hpp"

#include <cassert>
#include <cstdint>

namespace mmhparse {

constexpr int kLinkThreads = 128;
constexpr std::int64_t kMostLinkBlocks = 1 << 16;  // each thread of which then computes several links

// Blocks for so many links; at least 1.
inline int link_blocks_for(std::int64_t links) {
  const std::int64_t blocks = (links + kLinkThreads - 1) / kLinkThreads;
  return static_cast<int>(blocks < 1 ? 1 : blocks < kMostLinkBlocks ? blocks : kMostLinkBlocks);
}

// What links are made of.
template <typename T>
struct LimbInputs {
  LimbSizes size;
  T stride;
  const T* xy;                // (images, joints, candidates, 2)
  const T* fields;            // (images, limbs, 2, height, width)
  const std::int64_t* limbs;  // (limbs, 2)

  // Candidate `index` of the joint type at an end, 0 or 1, of a limb.
  __device__ Vector<T> candidate(std::int64_t image, std::int64_t limb, int end, std::int64_t index) const {
    const std::int64_t joint = limbs[2 * limb + end];
    assert(0 <= joint && joint < size.joints);  // as torch does for indices on a GPU
    const T* place = xy + 2 * ((image * size.joints + joint) * size.candidates + index);
    return {place[0], place[1]};
  }
};

// The four cells around a point of a link, with their weights: the upper left one, the next of its row, and the two
// below.
template <typename T>
struct Corners {
  int cell;
  T weights[4];

  __device__ Corners(const Line<T>& line, const LimbSizes& size, int index) {
    const T fraction = fraction_of<T>(index, size.samples);
    const Between<T> x = between(line.start.x + fraction * line.step.x, size.width);
    const Between<T> y = between(line.start.y + fraction * line.step.y, size.height);
    cell = y.cell * size.width + x.cell;
    weights[0] = (T(1) - x.share) * (T(1) - y.share), weights[1] = x.share * (T(1) - y.share);
    weights[2] = (T(1) - x.share) * y.share, weights[3] = x.share * y.share;
  }

  __device__ int cell_of(int corner, int width) const { return cell + corner % 2 + corner / 2 * width; }
};

// The mean along a line of the vectors of one limb's field (2, height, width).
template <typename T>
__device__ Vector<T> mean_along(const Line<T>& line, const LimbSizes& size, const T* field) {
  Vector<T> sum{0, 0};
  for (int index = 0; index < size.samples; ++index) {
    const Corners<T> corners(line, size, index);
    for (int corner = 0; corner < 4; ++corner) {
      const T* cell = field + corners.cell_of(corner, size.width);
      sum.x += corners.weights[corner] * cell[0];
      sum.y += corners.weights[corner] * cell[size.cells()];
    }
  }
  const T count = static_cast<T>(size.samples);
  return {sum.x / count, sum.y / count};
}

// Adds the gradient of one limb's field, from that of the mean. Several threads may add to a cell at once.
template <typename T>
__device__ void add_gradient_along(const Line<T>& line, const LimbSizes& size, Vector<T> of_mean, T* grad_field) {
  const T count = static_cast<T>(size.samples), x = of_mean.x / count, y = of_mean.y / count;
  for (int index = 0; index < size.samples; ++index) {
    const Corners<T> corners(line, size, index);
    for (int corner = 0; corner < 4; ++corner) {
      T* cell = grad_field + corners.cell_of(corner, size.width);
      atomicAdd(cell, corners.weights[corner] * x);
      atomicAdd(cell + size.cells(), corners.weights[corner] * y);
    }
  }
}

// Calls visit(index of the link, offset of its field, first end, link) for each link of this thread.
template <typename T, typename Visit>
__device__ void for_each_link(const LimbInputs<T>& inputs, Visit visit) {
  const LimbSizes& size = inputs.size;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t index = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; index < size.links();
       index += step) {
    const std::int64_t row = index / size.candidates, column = index % size.candidates;
    const std::int64_t field = row / size.candidates, image = field / size.limbs, limb = field % size.limbs;
    const Vector<T> first = inputs.candidate(image, limb, 0, row % size.candidates);
    const Vector<T> second = inputs.candidate(image, limb, 1, column);
    visit(index, field * 2 * size.cells(), first, Vector<T>{second.x - first.x, second.y - first.y});
  }
}

// Writes affinity (images, limbs, candidates, candidates).
template <typename T>
__global__ void __launch_bounds__(kLinkThreads) limb_affinity_cuda_kernel(LimbInputs<T> inputs, T* affinity) {
  for_each_link(inputs, [=](std::int64_t index, std::int64_t at, Vector<T> first, Vector<T> link) {
    const Vector<T> mean = mean_along(Line<T>(first, link, inputs.stride), inputs.size, inputs.fields + at);
    affinity[index] = affinity_of(link, mean, inputs.stride);
  });
}

// Adds to grad_fields (images, limbs, 2, height, width), from grad_affinity (images, limbs, candidates, candidates).
// The order of the additions, and so the last bits of the result, differ from run to run.
template <typename T>
__global__ void __launch_bounds__(kLinkThreads)
    limb_affinity_backward_cuda_kernel(LimbInputs<T> inputs, const T* grad_affinity, T* grad_fields) {
  for_each_link(inputs, [=](std::int64_t index, std::int64_t at, Vector<T> first, Vector<T> link) {
    const T weight = grad_affinity[index];
    if (weight == 0) return;  // as of all links of padding, which would add to one and the same cell
    const Line<T> line(first, link, inputs.stride);
    const Vector<T> mean = mean_along(line, inputs.size, inputs.fields + at);
    const Vector<T> slope = affinity_gradient(link, mean, inputs.stride);
    add_gradient_along(line, inputs.size, {weight * slope.x, weight * slope.y}, grad_fields + at);
  });
}

}  // namespace mmhparse
