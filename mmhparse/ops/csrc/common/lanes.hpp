// Numbers that one thread processes together: a vector register on a CPU, a single number on a GPU.
//
// Lanes<T> adds, subtracts, compares and selects like a T. Sums are accumulated in double for every T, so that the
// order of additions does not change a result in float.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

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

namespace MMHPARSE_NAMESPACE {

#if MMHPARSE_SINGLE_LANES

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

// Lane-wise sums and counts of the numbers that are flagged.
template <typename T>
struct Tally {
  double sum = 0;
  int count = 0;

  MMHPARSE_DEVICE void add(T x, bool flag) {
    sum += flag ? x : T(0);
    count += flag;
  }

  // (sum - excess) / max(count, 1) of each lane.
  MMHPARSE_DEVICE T mean(double excess) const { return static_cast<T>((sum - excess) / (count > 0 ? count : 1)); }
  MMHPARSE_DEVICE double total() const { return sum; }
  MMHPARSE_DEVICE int total_count() const { return count; }
};

MMHPARSE_DEVICE double total_of(double lane) { return lane; }

// Whether a flag differs between two sets of flags.
template <typename T>
struct Crossings {
  bool crossed = false;

  MMHPARSE_DEVICE void add(bool before, bool after) { crossed |= before != after; }
  MMHPARSE_DEVICE bool any() const { return crossed; }
};

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

#else  // vector registers, with the vector extensions of GCC and Clang

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
template <int kBytes>
struct Mask;
template <>
struct Mask<4> {
  typedef std::int32_t type __attribute__((vector_size(kRegister)));
};
template <>
struct Mask<8> {
  typedef std::int64_t type __attribute__((vector_size(kRegister)));
};

template <typename T>
using Lanes = typename Vector<T>::type;
template <typename T>
using Flags = typename Mask<sizeof(T)>::type;  // a lane is 0 (false) or -1 (true)
template <typename T>
inline constexpr int kLanes = kRegister / sizeof(T);

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

using Doubles = Lanes<double>;
typedef float HalfFloats __attribute__((vector_size(kRegister / 2)));

// Converts the two halves of float lanes, or of their flags, to double.
#if defined(__AVX512F__)
// intrinsics, because GCC 12 splits the conversion into quarters
MMHPARSE_DEVICE void widen(Lanes<float> lanes, Doubles* low, Doubles* high) {
  __m256 halves[2];
  std::memcpy(halves, &lanes, sizeof halves);
  *low = _mm512_cvtps_pd(halves[0]);
  *high = _mm512_cvtps_pd(halves[1]);
}
MMHPARSE_DEVICE void widen(Flags<float> flags, Doubles* low, Doubles* high) {
  __m256i halves[2];
  std::memcpy(halves, &flags, sizeof halves);
  *low = _mm512_cvtepi32_pd(halves[0]);
  *high = _mm512_cvtepi32_pd(halves[1]);
}
#else
template <typename V>
MMHPARSE_DEVICE void widen(V lanes, Doubles* low, Doubles* high) {
  typedef std::remove_reference_t<decltype(lanes[0])> Number;
  typedef Number Half __attribute__((vector_size(kRegister / 2)));
  Half halves[2];
  std::memcpy(halves, &lanes, sizeof halves);
  *low = __builtin_convertvector(halves[0], Doubles);
  *high = __builtin_convertvector(halves[1], Doubles);
}
#endif

MMHPARSE_DEVICE double total_of(Doubles lanes) {
#if defined(__AVX512F__)
  return _mm512_reduce_add_pd(lanes);
#endif
  double parts[kLanes<double>];
  std::memcpy(parts, &lanes, sizeof parts);
  for (int apart = kLanes<double> / 2; apart > 0; apart /= 2)
    for (int l = 0; l < apart; ++l) parts[l] += parts[l + apart];
  return parts[0];
}

// max(count, 1) of each lane.
template <typename V>
MMHPARSE_DEVICE V at_least_one(V count) {
  return count > 1 ? count : count - count + 1;
}

// Lane-wise sums and counts of the numbers that are flagged.
template <typename T>
struct Tally;

template <>
struct Tally<float> {
  Doubles low = {}, high = {};
  Flags<float> negative_count = {};  // a sum of flags, of which each is -1

  MMHPARSE_DEVICE void add(Lanes<float> x, Flags<float> flag) {
    Doubles x_low, x_high;
    widen(flag ? x : Lanes<float>{}, &x_low, &x_high);
    low += x_low;
    high += x_high;
    negative_count += flag;
  }

  // (sum - excess) / max(count, 1) of each lane.
  MMHPARSE_DEVICE Lanes<float> mean(double excess) const {
    Doubles count_low, count_high;
    widen(at_least_one(-negative_count), &count_low, &count_high);
    const HalfFloats halves[2] = {__builtin_convertvector((low - excess) / count_low, HalfFloats),
                                  __builtin_convertvector((high - excess) / count_high, HalfFloats)};
    Lanes<float> lanes;
    std::memcpy(&lanes, halves, sizeof lanes);
    return lanes;
  }
  MMHPARSE_DEVICE double total() const { return total_of(low + high); }
  MMHPARSE_DEVICE int total_count() const {
#if defined(__AVX512F__)
    return -_mm512_reduce_add_epi32(reinterpret_cast<const __m512i&>(negative_count));
#endif
    std::int32_t parts[kLanes<float>];
    std::memcpy(parts, &negative_count, sizeof parts);
    for (int apart = kLanes<float> / 2; apart > 0; apart /= 2)
      for (int l = 0; l < apart; ++l) parts[l] += parts[l + apart];
    return -parts[0];
  }
};

template <>
struct Tally<double> {
  Doubles sum = {};
  Flags<double> negative_count = {};

  MMHPARSE_DEVICE void add(Doubles x, Flags<double> flag) {
    sum += flag ? x : Doubles{};
    negative_count += flag;
  }
  MMHPARSE_DEVICE Doubles mean(double excess) const {
    return (sum - excess) / at_least_one(-__builtin_convertvector(negative_count, Doubles));
  }
  MMHPARSE_DEVICE double total() const { return total_of(sum); }
  MMHPARSE_DEVICE int total_count() const {
    return -static_cast<int>(total_of(__builtin_convertvector(negative_count, Doubles)));
  }
};

// Whether a flag differs between two sets of flags.
template <typename T>
struct Crossings {
  Flags<T> crossed = {};

  MMHPARSE_DEVICE void add(Flags<T> before, Flags<T> after) { crossed |= before ^ after; }
  MMHPARSE_DEVICE bool any() const {
#if defined(__AVX512F__)
    const auto& bits = reinterpret_cast<const __m512i&>(crossed);
    return _mm512_test_epi32_mask(bits, bits) != 0;
#endif
    std::int64_t parts[kRegister / 8];
    std::memcpy(parts, &crossed, sizeof parts);
    std::int64_t joined = 0;
    for (const std::int64_t part : parts) joined |= part;
    return joined != 0;
  }
};

template <typename T>
struct Words {
  typedef std::int32_t type __attribute__((vector_size(4 * kLanes<T>)));
};

// Flags of neighbouring lanes from bit `bit` of their words (kLanes<T>,): one word a lane.
template <typename T>
MMHPARSE_DEVICE Flags<T> flags_from(const std::uint32_t* words, int bit) {
  typename Words<T>::type lanes;
  std::memcpy(&lanes, words, sizeof lanes);
  return __builtin_convertvector(-((lanes >> bit) & 1), Flags<T>);
}

template <typename T>
MMHPARSE_DEVICE void set_flags(Flags<T> flags, int bit, std::uint32_t* words) {
  typename Words<T>::type lanes;
  std::memcpy(&lanes, words, sizeof lanes);
  lanes |= (__builtin_convertvector(flags, typename Words<T>::type) & 1) << bit;
  std::memcpy(words, &lanes, sizeof lanes);
}

template <typename T>
MMHPARSE_DEVICE typename Words<T>::type lane_bits() {
  typename Words<T>::type bits;
  for (int l = 0; l < kLanes<T>; ++l) bits[l] = 1 << l;
  return bits;
}

// Flags of all lanes from the bits first, first + 1 ... of one word. Example with 4 lanes, word 0b10110000, first 4:
// bits 4 to 7 are 1, 1, 0, 1, and so are the flags.
template <typename T>
MMHPARSE_DEVICE Flags<T> unpack_flags(std::uint32_t word, int first) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4)
    return reinterpret_cast<const Flags<T>&>(static_cast<const __m512i&>(_mm512_movm_epi32(word >> first)));
  if constexpr (sizeof(T) == 8)
    return reinterpret_cast<const Flags<T>&>(static_cast<const __m512i&>(_mm512_movm_epi64(word >> first)));
#endif
  const typename Words<T>::type spread = static_cast<std::int32_t>(word >> first) & lane_bits<T>();
  return __builtin_convertvector(spread != 0, Flags<T>);
}

template <typename T>
MMHPARSE_DEVICE std::uint32_t pack_flags(Flags<T> flags, int first) {
#if defined(__AVX512F__)
  const auto& bits_of = reinterpret_cast<const __m512i&>(flags);
  if constexpr (sizeof(T) == 4) return static_cast<std::uint32_t>(_mm512_movepi32_mask(bits_of)) << first;
  if constexpr (sizeof(T) == 8) return static_cast<std::uint32_t>(_mm512_movepi64_mask(bits_of)) << first;
#endif
  const typename Words<T>::type bits = __builtin_convertvector(flags, typename Words<T>::type) & lane_bits<T>();
  std::int32_t parts[kLanes<T>];
  std::memcpy(parts, &bits, sizeof parts);
  for (int apart = kLanes<T> / 2; apart > 0; apart /= 2)
    for (int l = 0; l < apart; ++l) parts[l] |= parts[l + apart];
  return static_cast<std::uint32_t>(parts[0]) << first;
}

#endif

}  // namespace MMHPARSE_NAMESPACE
