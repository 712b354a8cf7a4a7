// The links of a sparse problem, its entries with a score above 0, arranged so that neither the others nor the padding
// take much time. For a team of one thread on a CPU.
//
// That a score of 0 or less never enters the plan (workspace.hpp) holds for each entry, not only for whole rows and
// columns: no result changes if only links are computed.
#pragma once

#include "workspace.hpp"

namespace MMHPARSE_NAMESPACE {

// The links of each line, which is a row or a column. The lanes of a register belong to neighbouring lines, which make
// a block; the links of a line lie in its lane, one in each register, followed by zeros up to the longest line of the
// block. Example with 2 lanes, and lines of the links a b c, d, and e f: block 0 takes the registers a d, b 0, c 0, and
// block 1 the registers e 0, f 0.
template <typename Real>
struct Arrangement {
  int* lengths;  // (lines, padded to whole blocks) links of a line
  int* starts;   // (blocks + 1) first register of a block
  int blocks;

  MMHPARSE_DEVICE Arrangement(Arena& arena, int max_lines)
      : lengths(arena.take<int>(padded_to(max_lines, kLanes<Real>))),
        starts(arena.take<int>(padded_to(max_lines, kLanes<Real>) / kLanes<Real> + 1)),
        blocks(0) {}

  MMHPARSE_DEVICE int lines() const { return blocks * kLanes<Real>; }
  MMHPARSE_DEVICE int length() const { return starts[blocks] * kLanes<Real>; }
  MMHPARSE_DEVICE int start(int block) const { return starts[block] * kLanes<Real>; }
  MMHPARSE_DEVICE int height(int block) const { return starts[block + 1] - starts[block]; }

  // Replaces the lines of the links, (count), by their places.
  MMHPARSE_DEVICE void arrange(int max_lines, int* places, int count) {
    blocks = padded_to(max_lines, kLanes<Real>) / kLanes<Real>;
    for (int line = 0; line < lines(); ++line) lengths[line] = 0;
    for (int e = 0; e < count; ++e) ++lengths[places[e]];
    starts[0] = 0;
    for (int block = 0; block < blocks; ++block) {
      int longest = 0;
      for (int l = 0; l < kLanes<Real>; ++l) longest = max_of(longest, lengths[block * kLanes<Real> + l]);
      starts[block + 1] = starts[block] + longest;
    }
    for (int line = 0; line < lines(); ++line) lengths[line] = 0;
    for (int e = 0; e < count; ++e) {
      const int line = places[e];
      places[e] = (starts[line / kLanes<Real>] + lengths[line]++) * kLanes<Real> + line % kLanes<Real>;
    }
  }
};

// Both arrangements of the links of a problem. As Core is, it is the layout of the arrays in which a problem is solved;
// they are arranged by columns.
template <typename Real>
struct Links {
  Arrangement<Real> by_rows, by_columns;
  int* entries;        // (count) indices in the whole matrix, ascending
  int* row_places;     // (count) places of the same links in by_rows
  int* column_places;  // (count) and in by_columns
  int count;

  MMHPARSE_DEVICE Links(Arena& arena, int max_rows, int max_columns)
      : by_rows(arena, max_rows),
        by_columns(arena, max_columns),
        entries(arena.take<int>(static_cast<std::size_t>(max_rows) * max_columns)),
        row_places(arena.take<int>(static_cast<std::size_t>(max_rows) * max_columns)),
        column_places(arena.take<int>(static_cast<std::size_t>(max_rows) * max_columns)),
        count(0) {}

  MMHPARSE_DEVICE int length() const { return by_columns.length(); }

  template <typename T, typename Team>
  MMHPARSE_DEVICE void find(Team&, const T* score, int max_rows, int max_columns) {
    int found = 0;  // not count, which the compiler would store after each entry
    for (int i = 0; i < max_rows; ++i)
      for (int j = 0; j < max_columns; ++j) {
        const int entry = i * max_columns + j;
        entries[found] = entry, row_places[found] = i, column_places[found] = j;
        found += score[entry] > 0;  // without a branch, which could not be predicted
      }
    count = found;
    by_rows.arrange(max_rows, row_places, count);
    by_columns.arrange(max_columns, column_places, count);
  }

  // Fills `inside` with factor * the links' entries of the whole matrix, and `padding` elsewhere.
  template <typename T, typename Team>
  MMHPARSE_DEVICE void gather(Team&, const T* whole, int, T factor, Real padding, Real* inside) const {
    for (int k = 0; k < length(); ++k) inside[k] = padding;
    for (int e = 0; e < count; ++e) inside[column_places[e]] = factor * whole[entries[e]];
  }

  // Writes factor * `inside` into the whole matrix; other entries are not changed.
  template <typename T, typename Team>
  MMHPARSE_DEVICE void scatter(Team&, const Real* inside, Real factor, int, T* whole) const {
    for (int e = 0; e < count; ++e) whole[entries[e]] = static_cast<T>(factor * inside[column_places[e]]);
  }

  // Copies what is arranged by columns into the arrangement by rows, and back. Padding is left as it is.
  MMHPARSE_DEVICE void copy_to_rows(const Real* columns, Real* rows) const {
    copy(count, column_places, columns, row_places, rows);
  }
  MMHPARSE_DEVICE void copy_to_columns(const Real* rows, Real* columns) const {
    copy(count, row_places, rows, column_places, columns);
  }

 private:
  // Not inlined: amid the solver's many arrays, no registers are left, and the loop loads its pointers for every link.
  __attribute__((noinline)) static void copy(int count, const int* from_places, const Real* from, const int* to_places,
                                             Real* to) {
    for (int e = 0; e < count; ++e) to[to_places[e]] = from[from_places[e]];
  }
};

// Whether links are so few that copying them between their arrangements costs less than the work on all other entries
// of the core does. With AVX-512 both cost the same at about a third, with narrower registers at more.
template <typename T>
MMHPARSE_DEVICE bool is_sparse(const Core<T>& core, const T* score, int max_rows, int max_columns) {
  constexpr double kSparse = 1. / 3;
  int links = 0;
  for (int k = 0; k < max_rows * max_columns; ++k) links += score[k] > 0;
  return links < kSparse * core.n() * core.m();
}

}  // namespace MMHPARSE_NAMESPACE
