// What every part of the solver needs: the interface of a team of threads, an arena for its arrays, and the compaction
// of a problem to the rows and columns that can be linked.
//
// The algorithm is written once, for a *team* of threads that share a workspace: the threads of a block on a GPU, one
// thread on a CPU. A team offers
//   rank(), size()  index of this thread and number of threads; rows and columns are distributed by rank
//   sync()          barrier: waits for all threads and makes their writes visible
//   sum(x)          the sum of x over the team, the same in every thread, added in a fixed order
// Rows and columns are processed in lanes (lanes.hpp).
#pragma once

#include "lanes.hpp"

namespace MMHPARSE_NAMESPACE {

// The team of one thread.
struct SingleThread {
  MMHPARSE_DEVICE int rank() const { return 0; }
  MMHPARSE_DEVICE int size() const { return 1; }
  MMHPARSE_DEVICE void sync() const {}
  MMHPARSE_DEVICE double sum(double x) const { return x; }
};

// Allocates consecutive arrays from one block of memory. Without memory it only counts how many bytes are needed.
class Arena {
 public:
  MMHPARSE_DEVICE explicit Arena(char* memory) : memory_(memory), used_(0) {}

  template <typename T>
  MMHPARSE_DEVICE T* take(std::size_t count) {
    constexpr std::size_t kAlignment = 64;  // a cache line, and the widest vector register
    T* piece = memory_ == nullptr ? nullptr : reinterpret_cast<T*>(memory_ + used_);
    used_ += (count * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
    return piece;
  }

  MMHPARSE_DEVICE std::size_t used() const { return used_; }

 private:
  char* memory_;
  std::size_t used_;
};

// How many 32-bit words hold so many bits.
MMHPARSE_DEVICE int words_of(int bits) { return (bits + 31) / 32; }

// The index of the lowest bit that is 1; there must be one.
MMHPARSE_DEVICE int lowest_bit(std::uint32_t word) {
#if defined(__CUDA_ARCH__)
  return __ffs(static_cast<int>(word)) - 1;
#else
  return __builtin_ctz(word);
#endif
}

// How many bits are 1.
MMHPARSE_DEVICE int bits_in(std::uint32_t word) {
#if defined(__CUDA_ARCH__)
  return __popc(word);
#else
  return __builtin_popcount(word);
#endif
}

MMHPARSE_DEVICE int min_of(int a, int b) { return a < b ? a : b; }
template <typename Integer>
MMHPARSE_DEVICE Integer max_of(Integer a, Integer b) {
  return a > b ? a : b;
}

MMHPARSE_DEVICE int padded_to(int count, int multiple) { return (count + multiple - 1) / multiple * multiple; }

// The part of a problem that can be linked at all: rows and columns with a score above 0.
//
// A score of 0 or less never enters the plan: no projection increases an entry, so it stays at 0 from X_0 = 0 on and
// contributes to no sum. Omitting such rows and columns changes no result, and removes the padding.
template <typename Real>
struct Core {
  int* rows;     // (n,) indices of its rows in the problem, ascending
  int* columns;  // (m,) indices of its columns, ascending
  int* sizes;    // (2,) n and m; shared by the team
  int stride;    // elements between the starts of two rows of an array

  MMHPARSE_DEVICE Core(Arena& arena, int max_rows, int max_columns)
      : rows(arena.take<int>(max_rows)), columns(arena.take<int>(max_columns)), sizes(arena.take<int>(2)), stride(0) {}

  MMHPARSE_DEVICE int n() const { return sizes[0]; }
  MMHPARSE_DEVICE int m() const { return sizes[1]; }
  MMHPARSE_DEVICE int length() const { return n() * stride; }

  // A multiple of the number of lanes; with single lanes an odd number, which spreads rows over memory banks.
  static MMHPARSE_DEVICE int stride_of(int columns) {
    return kLanes<Real> > 1 ? padded_to(columns, kLanes<Real>) : columns | 1;
  }

  template <typename T, typename Team>
  MMHPARSE_DEVICE void find(Team& team, const T* score, int max_rows, int max_columns) {
    for (int i = team.rank(); i < max_rows; i += team.size()) {
      int positive = 0;
      for (int j = 0; j < max_columns; ++j) positive |= score[static_cast<std::size_t>(i) * max_columns + j] > 0;
      rows[i] = positive;
    }
    constexpr int kBlock = kLanes<T>;
    for (int j0 = team.rank() * kBlock; j0 < max_columns; j0 += team.size() * kBlock) {
      const int width = min_of(kBlock, max_columns - j0);
      for (int l = 0; l < width; ++l) columns[j0 + l] = 0;
      for (int i = 0; i < max_rows; ++i)
        for (int l = 0; l < width; ++l) columns[j0 + l] |= score[static_cast<std::size_t>(i) * max_columns + j0 + l] > 0;
    }
    team.sync();
    if (team.rank() == 0) {
      sizes[0] = compact_indices(rows, max_rows);
      sizes[1] = compact_indices(columns, max_columns);
    }
    team.sync();
    stride = stride_of(m());
  }

  // Fills `inside` (n, stride) with factor * the core's entries of the whole matrix; `padding` in columns beyond m.
  template <typename T, typename Team>
  MMHPARSE_DEVICE void gather(Team& team, const T* whole, int max_columns, T factor, Real padding, Real* inside) const {
    for (int i = team.rank(); i < n(); i += team.size()) {
      const T* source = whole + static_cast<std::size_t>(rows[i]) * max_columns;
      Real* target = inside + static_cast<std::size_t>(i) * stride;
      for (int j = 0; j < m(); ++j) target[j] = factor * source[columns[j]];
      for (int j = m(); j < stride; ++j) target[j] = padding;
    }
    team.sync();
  }

  // Writes factor * `inside` into the whole matrix; entries outside of the core are not changed.
  template <typename T, typename Team>
  MMHPARSE_DEVICE void scatter(Team& team, const Real* inside, Real factor, int max_columns, T* whole) const {
    for (int i = team.rank(); i < n(); i += team.size()) {
      T* target = whole + static_cast<std::size_t>(rows[i]) * max_columns;
      for (int j = 0; j < m(); ++j)
        target[columns[j]] = static_cast<T>(factor * inside[static_cast<std::size_t>(i) * stride + j]);
    }
  }

 private:
  // Replaces flags by the indices of those that are set, in place; returns how many there are.
  static MMHPARSE_DEVICE int compact_indices(int* flags, int count) {
    int kept = 0;
    for (int i = 0; i < count; ++i)
      if (flags[i]) flags[kept++] = i;
    return kept;
  }
};

}  // namespace MMHPARSE_NAMESPACE
