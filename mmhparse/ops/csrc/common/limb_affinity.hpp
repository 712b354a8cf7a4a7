// Limb affinity, written once for CPU and GPU, without torch: where along a link the field is read, how its mean
// becomes an affinity, and the derivative of that.
//
//   V = mean of the limb field over `samples` points of the link d, read bilinearly and clamped to the border cells
//   s = sqrt(|d|^2 + (stride / 2)^2)
//   affinity = V . d / s + |V| (1 - |d| / s)
//
// after Cao et al., "Realtime multi-person 2D pose estimation using part affinity fields", CVPR 2017; the direction of
// a link shorter than half a cell is mostly noise, so that |V| gradually replaces it there.
#pragma once

#include "device.hpp"

#include <cmath>
#include <cstdint>

namespace mmhparse {

template <typename T>
struct Vector {
  T x, y;
};

// The number of each thing, and the size of a field's plane. All fields have 2 x 2 cells or more.
struct LimbSizes {
  std::int64_t images, joints, candidates, limbs;
  int height, width, samples;

  MMHPARSE_DEVICE std::int64_t links() const { return images * limbs * candidates * candidates; }
  MMHPARSE_DEVICE int cells() const { return height * width; }
};

// The cell before a position, along one axis, and the weight of the cell behind it.
template <typename T>
struct Between {
  int cell;
  T share;
};

// Of a position in cells among `length` cells, clamped to the first and the last.
template <typename T>
MMHPARSE_DEVICE Between<T> between(T position, int length) {
  const T last = static_cast<T>(length - 1);
  position = position > T(0) ? position : T(0);  // NaN becomes 0, the first cell
  position = position < last ? position : last;
  int cell = static_cast<int>(position);
  cell = cell < length - 2 ? cell : length - 2;
  return {cell, position - static_cast<T>(cell)};
}

// The points of a link, in cells.
template <typename T>
struct Line {
  Vector<T> start, step;

  MMHPARSE_DEVICE Line(Vector<T> first, Vector<T> link, T stride) {
    const T scale = T(1) / stride;
    start = {(first.x + T(0.5)) * scale - T(0.5), (first.y + T(0.5)) * scale - T(0.5)};
    step = {link.x * scale, link.y * scale};
  }
};

// At which fraction of a link its point `index` lies: from 0 to 1 at equal distances; a single one is 0.
template <typename T>
MMHPARSE_DEVICE T fraction_of(int index, int samples) {
  return samples > 1 ? static_cast<T>(index) / static_cast<T>(samples - 1) : T(0);
}

// How well a link agrees with the mean of the field's vectors along it.
template <typename T>
MMHPARSE_DEVICE T affinity_of(Vector<T> link, Vector<T> mean, T stride) {
  const T square = link.x * link.x + link.y * link.y, half_cell = stride / 2;
  const T softened = std::sqrt(square + half_cell * half_cell);
  const T strength_square = mean.x * mean.x + mean.y * mean.y;
  const T strength = std::sqrt(strength_square < T(1e-12) ? T(1e-12) : strength_square);
  return (mean.x * link.x + mean.y * link.y) / softened + strength * (T(1) - std::sqrt(square) / softened);
}

// The derivative of the affinity with respect to the mean. Where the mean is 0, its length has none and counts as
// constant.
template <typename T>
MMHPARSE_DEVICE Vector<T> affinity_gradient(Vector<T> link, Vector<T> mean, T stride) {
  const T square = link.x * link.x + link.y * link.y, half_cell = stride / 2;
  const T softened = std::sqrt(square + half_cell * half_cell);
  const T strength_square = mean.x * mean.x + mean.y * mean.y;
  const T noise = T(1) - std::sqrt(square) / softened;
  const T scale = strength_square < T(1e-12) ? T(0) : noise / std::sqrt(strength_square);
  return {link.x / softened + scale * mean.x, link.y / softened + scale * mean.y};
}

}  // namespace mmhparse
