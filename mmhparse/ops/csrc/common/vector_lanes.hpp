// Lanes in a vector register, with the vector extensions of GCC and Clang; lanes.hpp includes this file.
#pragma once

// GCC 12 warns of lanes that its own intrinsics leave undefined on purpose, wherever they are inlined. Of our lines it
// still warns; what of ours is undefined where an intrinsic takes it, the builds without AVX-512 tell.
#if defined(__AVX512F__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop
#elif defined(__AVX2__)
#include <immintrin.h>
#endif

namespace MMHPARSE_NAMESPACE {

// Bytes of a register; there is one build for each set of vector instructions.
#if defined(MMHPARSE_REGISTER)
constexpr int kRegister = MMHPARSE_REGISTER;
#else
constexpr int kRegister = 16;
#endif

template <typename T>
struct Vector {
  typedef T type __attribute__((vector_size(kRegister)));
};

template <typename T>
using Lanes = typename Vector<T>::type;
template <typename T>
inline constexpr int kLanes = kRegister / sizeof(T);

using Doubles = Lanes<double>;
typedef float HalfFloats __attribute__((vector_size(kRegister / 2)));

template <typename T>
MMHPARSE_DEVICE Lanes<T> load(const T* from) {
  Lanes<T> lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return lanes;
}

template <typename T>
MMHPARSE_DEVICE void store(Lanes<T> lanes, T* to) {
  std::memcpy(to, &lanes, sizeof lanes);
}

// Lanes that all hold x.
template <typename T>
MMHPARSE_DEVICE Lanes<T> splat(T x) {
  return x - Lanes<T>{};
}

// Adds up 2 ** n numbers in place, halves onto halves.
template <typename Number, int kCount>
MMHPARSE_DEVICE Number fold(Number (&parts)[kCount]) {
  for (int apart = kCount / 2; apart > 0; apart /= 2)
    for (int l = 0; l < apart; ++l) parts[l] += parts[l + apart];
  return parts[0];
}

MMHPARSE_DEVICE double total_of(Doubles lanes) {
#if defined(__AVX512F__)
  return _mm512_reduce_add_pd(lanes);
#endif
  double parts[kLanes<double>];
  std::memcpy(parts, &lanes, sizeof parts);
  return fold(parts);
}

}  // namespace MMHPARSE_NAMESPACE

#if defined(__AVX512F__)
#include "avx512_flags.hpp"
#else
#include "vector_flags.hpp"
#endif

namespace MMHPARSE_NAMESPACE {

// Lane-wise sums and counts of the numbers that are flagged.
template <typename T>
struct Tally;

template <>
struct Tally<float> {
  Doubles low = {}, high = {};
  Count<float> count;

  MMHPARSE_DEVICE void add(Lanes<float> x, Flags<float> flag) {
    Doubles x_low, x_high;
    widen(keep(flag, x), &x_low, &x_high);
    low += x_low;
    high += x_high;
    count.add(flag);
  }

  // (sum - excess) / max(count, 1) of each lane.
  MMHPARSE_DEVICE Lanes<float> mean(double excess) const {
    Doubles count_low, count_high;
    widen(count.at_least_one(), &count_low, &count_high);
    return narrow((low - excess) / count_low, (high - excess) / count_high);
  }
  MMHPARSE_DEVICE double total() const { return total_of(low + high); }
};

template <>
struct Tally<double> {
  Doubles sum = {};
  Count<double> count;

  MMHPARSE_DEVICE void add(Doubles x, Flags<double> flag) {
    sum += keep(flag, x);
    count.add(flag);
  }
  MMHPARSE_DEVICE Doubles mean(double excess) const {
    return (sum - excess) / __builtin_convertvector(count.at_least_one(), Doubles);
  }
  MMHPARSE_DEVICE double total() const { return total_of(sum); }
};

}  // namespace MMHPARSE_NAMESPACE
