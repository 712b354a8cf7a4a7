// Flags of lanes as vectors of 0 (false) and -1 (true); vector_lanes.hpp includes this file.
#pragma once

namespace MMHPARSE_NAMESPACE {

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
using Flags = typename Mask<sizeof(T)>::type;

// Converts the two halves of float lanes, or of counts, to double.
template <typename V>
MMHPARSE_DEVICE void widen(V lanes, Doubles* low, Doubles* high) {
  typedef std::remove_reference_t<decltype(lanes[0])> Number;
  typedef Number Half __attribute__((vector_size(kRegister / 2)));
  Half halves[2];
  std::memcpy(halves, &lanes, sizeof halves);
  *low = __builtin_convertvector(halves[0], Doubles);
  *high = __builtin_convertvector(halves[1], Doubles);
}

// The inverse of widen.
MMHPARSE_DEVICE Lanes<float> narrow(Doubles low, Doubles high) {
  const HalfFloats halves[2] = {__builtin_convertvector(low, HalfFloats), __builtin_convertvector(high, HalfFloats)};
  Lanes<float> lanes;
  std::memcpy(&lanes, halves, sizeof lanes);
  return lanes;
}

template <typename T>
MMHPARSE_DEVICE Flags<T> above(Lanes<T> x, Lanes<T> bound) {
  return x > bound;
}

// The numbers that are flagged, and 0 in place of the others.
MMHPARSE_DEVICE Lanes<float> keep(Flags<float> flags, Lanes<float> x) { return flags ? x : Lanes<float>{}; }
MMHPARSE_DEVICE Doubles keep(Flags<double> flags, Doubles x) { return flags ? x : Doubles{}; }

// How many lanes are flagged.
template <typename T>
MMHPARSE_DEVICE int count_of(Flags<T> flags) {
#if defined(__AVX2__)
  if constexpr (sizeof(T) == 4) return __builtin_popcount(_mm256_movemask_ps(reinterpret_cast<__m256>(flags)));
  if constexpr (sizeof(T) == 8) return __builtin_popcount(_mm256_movemask_pd(reinterpret_cast<__m256d>(flags)));
#endif
  std::remove_reference_t<decltype(flags[0])> parts[kLanes<T>];
  std::memcpy(parts, &flags, sizeof parts);
  return -static_cast<int>(fold(parts));
}

// How many numbers of each lane are flagged.
template <typename T>
struct Count {
  Flags<T> negative = {};  // a sum of flags, of which each is -1

  MMHPARSE_DEVICE void add(Flags<T> flags) { negative += flags; }
  MMHPARSE_DEVICE Flags<T> at_least_one() const { return negative < -1 ? -negative : negative - negative + 1; }
  MMHPARSE_DEVICE bool differs_from(const Count& other) const {
    const Flags<T> difference = negative ^ other.negative;
    std::int64_t parts[kRegister / 8];
    std::memcpy(parts, &difference, sizeof parts);
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
  const typename Words<T>::type spread = static_cast<std::int32_t>(word >> first) & lane_bits<T>();
  return __builtin_convertvector(spread != 0, Flags<T>);
}

template <typename T>
MMHPARSE_DEVICE std::uint32_t pack_flags(Flags<T> flags, int first) {
#if defined(__AVX2__)
  if constexpr (sizeof(T) == 4) return _mm256_movemask_ps(reinterpret_cast<__m256>(flags)) << first;
  if constexpr (sizeof(T) == 8) return _mm256_movemask_pd(reinterpret_cast<__m256d>(flags)) << first;
#endif
  const typename Words<T>::type bits = __builtin_convertvector(flags, typename Words<T>::type) & lane_bits<T>();
  std::int32_t parts[kLanes<T>];
  std::memcpy(parts, &bits, sizeof parts);
  return static_cast<std::uint32_t>(fold(parts)) << first;
}

}  // namespace MMHPARSE_NAMESPACE
