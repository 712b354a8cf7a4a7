// Numbers that one thread processes together: a vector register on a CPU, a single number on a GPU.
//
// Lanes<T> adds, subtracts, compares and selects like a T. Sums are accumulated in double for every T, so that the
// order of additions does not change a result in float.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "device.hpp"

// a build for a GPU, or a CPU build that computes exactly as the GPU does
#if defined(__CUDACC__) || defined(MMHPARSE_SCALAR)
#define MMHPARSE_SINGLE_LANES 1
#else
#define MMHPARSE_SINGLE_LANES 0
#endif

// each set of vector instructions has a namespace of its own, so that the linker does not merge their inline functions
#if !defined(MMHPARSE_NAMESPACE)
#define MMHPARSE_NAMESPACE mmhparse
#endif

#if MMHPARSE_SINGLE_LANES

namespace MMHPARSE_NAMESPACE {

template <typename T>
using Lanes = T;
template <typename T>
using Flags = bool;
template <typename T>
inline constexpr int kLanes = 1;

template <typename T>
MMHPARSE_DEVICE T load(const T* from) {
  return *from;
}

template <typename T>
MMHPARSE_DEVICE void store(T lanes, T* to) {
  *to = lanes;
}

template <typename T>
MMHPARSE_DEVICE T splat(T x) {
  return x;
}

template <typename T>
MMHPARSE_DEVICE bool above(T x, T bound) {
  return x > bound;
}

// The numbers that are flagged, and 0 in place of the others.
template <typename T>
MMHPARSE_DEVICE T keep(bool flag, T x) {
  return flag ? x : T(0);
}

// How many numbers of each lane are flagged.
template <typename T>
struct Count {
  int count = 0;

  MMHPARSE_DEVICE void add(bool flag) { count += flag; }
  MMHPARSE_DEVICE int at_least_one() const { return count > 1 ? count : 1; }
  MMHPARSE_DEVICE bool differs_from(const Count& other) const { return count != other.count; }
};

// Lane-wise sums and counts of the numbers that are flagged.
template <typename T>
struct Tally {
  double sum = 0;
  Count<T> count;

  MMHPARSE_DEVICE void add(T x, bool flag) {
    sum += keep(flag, x);
    count.add(flag);
  }

  // (sum - excess) / max(count, 1) of each lane.
  MMHPARSE_DEVICE T mean(double excess) const { return static_cast<T>((sum - excess) / count.at_least_one()); }
  MMHPARSE_DEVICE double total() const { return sum; }
};

// How many lanes are flagged.
template <typename T>
MMHPARSE_DEVICE int count_of(bool flag) {
  return flag;
}

MMHPARSE_DEVICE double total_of(double lane) { return lane; }

// Flags of neighbouring lanes from bit `bit` of their words (kLanes<T>,): one word a lane.
template <typename T>
MMHPARSE_DEVICE bool flags_from(const std::uint32_t* words, int bit) {
  return (*words >> bit) & 1;
}

template <typename T>
MMHPARSE_DEVICE void set_flags(bool flag, int bit, std::uint32_t* words) {
  *words |= static_cast<std::uint32_t>(flag) << bit;
}

// Flags of all lanes from the bits first, first + 1 ... of one word. Example with 4 lanes, word 0b10110000, first 4:
// bits 4 to 7 are 1, 1, 0, 1, and so are the flags.
template <typename T>
MMHPARSE_DEVICE bool unpack_flags(std::uint32_t word, int first) {
  return (word >> first) & 1;
}

template <typename T>
MMHPARSE_DEVICE std::uint32_t pack_flags(bool flag, int first) {
  return static_cast<std::uint32_t>(flag) << first;
}

}  // namespace MMHPARSE_NAMESPACE

#else

#include "vector_lanes.hpp"

#endif
