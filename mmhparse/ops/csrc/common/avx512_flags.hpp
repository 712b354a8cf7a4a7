// Flags of lanes in the mask registers of AVX-512, a bit each; vector_lanes.hpp includes this file. What it defines
// does the same as in vector_flags.hpp. Intrinsics, because GCC 12 moves flags into vectors and back, and splits
// conversions into quarters.
#pragma once

namespace MMHPARSE_NAMESPACE {

static_assert(kRegister == 64, "the build for AVX-512 needs registers of 64 bytes");

template <typename T>
using Flags = std::conditional_t<sizeof(T) == 4, __mmask16, __mmask8>;

typedef std::int32_t Integers __attribute__((vector_size(64)));
typedef std::int64_t LongIntegers __attribute__((vector_size(64)));

MMHPARSE_DEVICE void widen(Lanes<float> lanes, Doubles* low, Doubles* high) {
  __m256 halves[2];
  std::memcpy(halves, &lanes, sizeof halves);
  *low = _mm512_cvtps_pd(halves[0]);
  *high = _mm512_cvtps_pd(halves[1]);
}
MMHPARSE_DEVICE void widen(Integers lanes, Doubles* low, Doubles* high) {
  __m256i halves[2];
  std::memcpy(halves, &lanes, sizeof halves);
  *low = _mm512_cvtepi32_pd(halves[0]);
  *high = _mm512_cvtepi32_pd(halves[1]);
}

MMHPARSE_DEVICE Lanes<float> narrow(Doubles low, Doubles high) {
  return _mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps(low)), _mm512_cvtpd_ps(high), 1);
}

template <typename T>
MMHPARSE_DEVICE Flags<T> above(Lanes<T> x, Lanes<T> bound) {
  if constexpr (sizeof(T) == 4)
    return _mm512_cmp_ps_mask(x, bound, _CMP_GT_OQ);
  else
    return _mm512_cmp_pd_mask(x, bound, _CMP_GT_OQ);
}

MMHPARSE_DEVICE Lanes<float> keep(__mmask16 flags, Lanes<float> x) { return _mm512_maskz_mov_ps(flags, x); }
MMHPARSE_DEVICE Doubles keep(__mmask8 flags, Doubles x) { return _mm512_maskz_mov_pd(flags, x); }

template <typename T>
MMHPARSE_DEVICE int count_of(Flags<T> flags) {
  return __builtin_popcount(flags);
}

template <typename T>
struct Count;

template <>
struct Count<float> {
  Integers count = {};

  MMHPARSE_DEVICE void add(__mmask16 flags) {
    count = reinterpret_cast<Integers>(_mm512_mask_add_epi32(
        reinterpret_cast<__m512i>(count), flags, reinterpret_cast<__m512i>(count), _mm512_set1_epi32(1)));
  }
  MMHPARSE_DEVICE Integers at_least_one() const { return count > 1 ? count : count - count + 1; }
  MMHPARSE_DEVICE bool differs_from(const Count& other) const {
    return _mm512_cmpneq_epi32_mask(reinterpret_cast<__m512i>(count), reinterpret_cast<__m512i>(other.count)) != 0;
  }
};

template <>
struct Count<double> {
  LongIntegers count = {};

  MMHPARSE_DEVICE void add(__mmask8 flags) {
    count = reinterpret_cast<LongIntegers>(_mm512_mask_add_epi64(
        reinterpret_cast<__m512i>(count), flags, reinterpret_cast<__m512i>(count), _mm512_set1_epi64(1)));
  }
  MMHPARSE_DEVICE LongIntegers at_least_one() const { return count > 1 ? count : count - count + 1; }
  MMHPARSE_DEVICE bool differs_from(const Count& other) const {
    return _mm512_cmpneq_epi64_mask(reinterpret_cast<__m512i>(count), reinterpret_cast<__m512i>(other.count)) != 0;
  }
};

template <typename T>
MMHPARSE_DEVICE Flags<T> flags_from(const std::uint32_t* words, int bit) {
  if constexpr (sizeof(T) == 4)
    return _mm512_test_epi32_mask(_mm512_loadu_si512(words), _mm512_set1_epi32(1 << bit));
  else
    return _mm256_test_epi32_mask(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(words)),
                                  _mm256_set1_epi32(1 << bit));
}

template <typename T>
MMHPARSE_DEVICE void set_flags(Flags<T> flags, int bit, std::uint32_t* words) {
  if constexpr (sizeof(T) == 4) {
    const __m512i lanes = _mm512_loadu_si512(words);
    _mm512_storeu_si512(words, _mm512_mask_or_epi32(lanes, flags, lanes, _mm512_set1_epi32(1 << bit)));
  } else {
    const __m256i lanes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(words));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(words),
                        _mm256_mask_or_epi32(lanes, flags, lanes, _mm256_set1_epi32(1 << bit)));
  }
}

template <typename T>
MMHPARSE_DEVICE Flags<T> unpack_flags(std::uint32_t word, int first) {
  return static_cast<Flags<T>>(word >> first);
}

template <typename T>
MMHPARSE_DEVICE std::uint32_t pack_flags(Flags<T> flags, int first) {
  return static_cast<std::uint32_t>(flags) << first;
}

}  // namespace MMHPARSE_NAMESPACE
