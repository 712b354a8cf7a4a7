// Dykstra's cyclic projections onto {rows in the capped simplex} and {columns in the capped simplex}, and their
// gradient.
//
// The capped simplex is {x >= 0, sum of x <= 1}. Its projection is max(x - t, 0) with the smallest threshold t >= 0 for
// which the sum is at most 1. Newton's method from t = 0 increases t monotonically and stops when the set of positive
// entries no longer changes. Sums are accumulated in double, so that the thresholds of a float problem do not depend on
// the order of additions.
#pragma once

#include "workspace.hpp"

namespace MMHPARSE_NAMESPACE {

// What the gradient needs of one projection, in bits: the entries that stayed positive, and the sums that were capped.
struct ProjectionTrace {
  std::uint32_t* active;  // row projection: (n, words of m); column projection: (words of n, stride)
  std::uint8_t* capped;   // (n) or (stride)
};

// The traces of all projections of a run, or of none.
struct DykstraTrace {
  std::uint32_t* active = nullptr;
  std::uint8_t* capped = nullptr;
  std::size_t active_length = 0;
  std::size_t capped_length = 0;

  MMHPARSE_DEVICE DykstraTrace() {}
  MMHPARSE_DEVICE DykstraTrace(Arena& arena, std::size_t active_length, std::size_t capped_length,
                               std::size_t projections)
      : active(arena.take<std::uint32_t>(active_length * projections)),
        capped(arena.take<std::uint8_t>(capped_length * projections)),
        active_length(active_length),
        capped_length(capped_length) {}

  MMHPARSE_DEVICE ProjectionTrace at(std::size_t projection) const {
    return {active + projection * active_length, capped + projection * capped_length};
  }
};

// How many rows a thread processes together: on a CPU enough to hide the latency of their sums.
constexpr int kRowsTogether = MMHPARSE_SINGLE_LANES ? 1 : 4;

// Replaces guesses of the thresholds of kRows neighbouring rows by the thresholds. entry(r, j) are the lanes of a row
// from column j on, and first_entry(r, j) the same in the first pass over them. keep_entry(r, j, s, active) is called
// with the entries s that are above the threshold, and again should the threshold change.
//
// The sum of max(x - t, 0) is convex and decreasing in t, so that a Newton step from any guess ends at or below the
// threshold that is sought. Hence the first step may lower t; every later one raises it, until the set of entries above
// it no longer changes. Of two sets of entries above some number, one contains the other: they are equal if they have
// equally many entries.
template <int kRows, typename T, typename FirstEntry, typename Entry, typename KeepEntry>
MMHPARSE_DEVICE void row_thresholds(int count, FirstEntry first_entry, Entry entry, KeepEntry keep_entry,
                                    T* threshold) {
  double sums[kRows];
  int active[kRows];
  const auto add_up = [&](auto lanes_of) {
    Tally<T> tally[kRows];
    for (int r = 0; r < kRows; ++r) active[r] = 0;
    for (int j = 0; j < count; j += kLanes<T>)
      for (int r = 0; r < kRows; ++r) {
        const Lanes<T> s = lanes_of(r, j);
        const Flags<T> above_it = above<T>(s, splat<T>(threshold[r]));
        tally[r].add(s, above_it);
        active[r] += count_of<T>(above_it);
      }
    for (int r = 0; r < kRows; ++r) sums[r] = tally[r].total();
  };
  add_up(first_entry);
  for (bool first = true;; first = false) {
    for (int r = 0; r < kRows; ++r) {
      const T root = static_cast<T>((sums[r] - 1) / (active[r] > 0 ? active[r] : 1));
      const T updated = root > 0 ? root : T(0);
      threshold[r] = first || updated > threshold[r] ? updated : threshold[r];
    }
    int now_active[kRows] = {};
    for (int j = 0; j < count; j += kLanes<T>)
      for (int r = 0; r < kRows; ++r) {
        const Lanes<T> s = entry(r, j);
        const Flags<T> above_it = above<T>(s, splat<T>(threshold[r]));
        keep_entry(r, j, s, above_it);
        now_active[r] += count_of<T>(above_it);
      }
    int differences = 0;
    for (int r = 0; r < kRows; ++r) differences |= now_active[r] ^ active[r];
    if (differences == 0) return;
    add_up(entry);
  }
}

// Replaces guesses of the thresholds of neighbouring columns by the thresholds, by the same method. entry(i) are the
// lanes of row i.
template <typename T, typename FirstEntry, typename Entry, typename KeepEntry>
MMHPARSE_DEVICE void column_thresholds(int n, FirstEntry first_entry, Entry entry, KeepEntry keep_entry,
                                       Lanes<T>& threshold) {
  const auto add_up = [&](auto lanes_of) {
    Tally<T> tally;
    for (int i = 0; i < n; ++i) {
      const Lanes<T> s = lanes_of(i);
      tally.add(s, above<T>(s, threshold));
    }
    return tally;
  };
  Tally<T> tally = add_up(first_entry);
  for (bool first = true;; first = false) {
    const Lanes<T> root = tally.mean(1);
    const Lanes<T> updated = root > 0 ? root : Lanes<T>{};
    threshold = first ? updated : (updated > threshold ? updated : threshold);
    Count<T> active;
    for (int i = 0; i < n; ++i) {
      const Lanes<T> s = entry(i);
      const Flags<T> above_it = above<T>(s, threshold);
      keep_entry(i, s, above_it);
      active.add(above_it);
    }
    if (!active.differs_from(tally.count)) return;
    tally = add_up(entry);
  }
}

// The thresholds of a cycle's projections, which are guessed from those of the cycle before and from how much they
// changed from that cycle to this one in the step before.
template <typename T>
struct Thresholds {
  T* current;  // (length) of the last projection
  T* change;   // (length) from the cycle before, in the step before; in the first cycle from 0
  bool first;  // whether this is the first cycle of a step

  MMHPARSE_DEVICE Lanes<T> before(int k) const { return first ? Lanes<T>{} : load(current + k); }
  MMHPARSE_DEVICE Lanes<T> guess(int k) const {
    const Lanes<T> sum = before(k) + load(change + k);
    return sum > 0 ? sum : Lanes<T>{};
  }
  MMHPARSE_DEVICE T guess_one(int k) const {
    const T sum = (first ? T(0) : current[k]) + change[k];
    return sum > 0 ? sum : T(0);
  }
  MMHPARSE_DEVICE void set(int k, Lanes<T> threshold) const {
    store<T>(threshold - before(k), change + k);
    store<T>(threshold, current + k);
  }
  MMHPARSE_DEVICE void set_one(int k, T threshold) const {
    change[k] = threshold - (first ? T(0) : current[k]);
    current[k] = threshold;
  }
};

// Where the entries s of a half cycle lie while its thresholds are sought: on a CPU in a buffer of the thread. On a GPU,
// the threads of a team would need too many; there, s lies in place of the increments, which then take one more pass.
constexpr bool kInPlace = MMHPARSE_SINGLE_LANES;

// What a half cycle reads and writes: with s = from + added, x becomes the projection P(s), and the increment s - P(s).
template <typename T>
struct HalfCycle {
  const T* from;   // (n, stride) may be x
  const T* added;  // (n, stride) the increment; in the first cycle of a step, the move of rows
  T* x;            // (n, stride)
  T* increment;    // (n, stride)
  T* buffer;       // (kRowsTogether, stride) of a block of rows, or (n, kLanes<T>) of one of columns; not used in place
  Thresholds<T> thresholds;

  // The half cycle of what begins at number k of the arrays.
  MMHPARSE_DEVICE HalfCycle from_number(std::size_t k) const {
    return {from + k, added + k, x + k, increment + k, buffer, thresholds};
  }
};

// The half cycle of project_rows for kRows neighbouring rows.
template <int kRows, bool kTraced, typename T>
MMHPARSE_DEVICE void project_row_block(HalfCycle<T> half, int i0, int m, int stride, ProjectionTrace trace) {
  const std::size_t start = static_cast<std::size_t>(i0) * stride;
  const T* from = half.from + start;
  const T* added = half.added + start;
  T* x = half.x + start;
  T* increment = half.increment + start;
  T* shifted = kInPlace ? increment : half.buffer;
  T threshold[kRows];
  for (int r = 0; r < kRows; ++r) threshold[r] = half.thresholds.guess_one(i0 + r);
  row_thresholds<kRows>(
      m,
      [=](int r, int j) {
        const Lanes<T> s = load(from + r * stride + j) + load(added + r * stride + j);
        store<T>(s, shifted + r * stride + j);
        return s;
      },
      [=](int r, int j) { return load(shifted + r * stride + j); },
      [=, &threshold](int r, int j, Lanes<T> s, Flags<T> active) {
        const Lanes<T> kept = keep(active, s - threshold[r]);
        store<T>(kept, x + r * stride + j);
        if (!kInPlace) store<T>(s - kept, increment + r * stride + j);
        if (kTraced) {
          std::uint32_t* word = trace.active + static_cast<std::size_t>(i0 + r) * words_of(m) + j / 32;
          *word = (j % 32 == 0 ? 0 : *word) | pack_flags<T>(active, j % 32);
        }
      },
      threshold);
  for (int r = 0; r < kRows; ++r) {
    half.thresholds.set_one(i0 + r, threshold[r]);
    if (kTraced) trace.capped[i0 + r] = threshold[r] > 0;
  }
  for (int j = 0; kInPlace && j < m; ++j) increment[j] -= x[j];
}

// A half cycle with row-wise projections.
template <bool kTraced, typename T, typename Team>
MMHPARSE_DEVICE void project_rows(Team& team, HalfCycle<T> half, int n, int m, int stride, ProjectionTrace trace) {
  const int blocks = n / kRowsTogether;
  for (int b = team.rank(); b < blocks; b += team.size())
    project_row_block<kRowsTogether, kTraced>(half, b * kRowsTogether, m, stride, trace);
  for (int i = blocks * kRowsTogether; i < n; ++i)  // the rest, on a CPU
    project_row_block<1, kTraced>(half, i, m, stride, trace);
  team.sync();
}

// The half cycle of project_columns for kLanes<T> neighbouring columns, the first of which has index j: `height`
// registers, `apart` numbers apart. The words of the trace of one register of columns are `lines` words apart.
template <bool kTraced, typename T>
MMHPARSE_DEVICE void project_column_block(HalfCycle<T> half, int j, int height, int apart, int lines,
                                          ProjectionTrace trace) {
  T* shifted = kInPlace ? half.increment : half.buffer;
  const int shifted_apart = kInPlace ? apart : kLanes<T>;
  const auto at = [=](int i) { return static_cast<std::size_t>(i) * apart; };
  Lanes<T> threshold = half.thresholds.guess(j);
  std::uint32_t words[kLanes<T>];
  column_thresholds<T>(
      height,
      [=](int i) {
        const Lanes<T> s = load(half.from + at(i)) + load(half.added + at(i));
        store<T>(s, shifted + static_cast<std::size_t>(i) * shifted_apart);
        return s;
      },
      [=](int i) { return load(shifted + static_cast<std::size_t>(i) * shifted_apart); },
      [&](int i, Lanes<T> s, Flags<T> active) {
        const Lanes<T> kept = keep(active, s - threshold);
        store<T>(kept, half.x + at(i));
        if (!kInPlace) store<T>(s - kept, half.increment + at(i));
        if (kTraced) {
          if (i % 32 == 0) std::memset(words, 0, sizeof words);
          set_flags<T>(active, i % 32, words);
          if (i % 32 == 31 || i == height - 1)
            std::memcpy(trace.active + static_cast<std::size_t>(i / 32) * lines + j, words, sizeof words);
        }
      },
      threshold);
  half.thresholds.set(j, threshold);
  for (int i = 0; kInPlace && i < height; ++i) half.increment[at(i)] -= half.x[at(i)];
  if (kTraced) {
    T capped[kLanes<T>];
    store<T>(threshold, capped);
    for (int l = 0; l < kLanes<T>; ++l) trace.capped[j + l] = capped[l] > 0;
  }
}

// The other half cycle, with column-wise projections.
template <bool kTraced, typename T, typename Team>
MMHPARSE_DEVICE void project_columns(Team& team, HalfCycle<T> half, int n, int m, int stride, ProjectionTrace trace) {
  for (int j = team.rank() * kLanes<T>; j < m; j += team.size() * kLanes<T>)
    project_column_block<kTraced>(half.from_number(j), j, n, stride, stride, trace);
  team.sync();
}

// Gradient of a half cycle s = x + increment, x' = P(s), increment' = s - x'. Both inputs have the gradient of s,
//   g_s = g_increment' + P'(s)^T (g_x' - g_increment'),
// where P'(s) keeps the active entries and, if the sum was capped, subtracts their mean. `grad_increment` holds
// g_increment' and is replaced by g_s.
template <typename T, typename Team>
MMHPARSE_DEVICE void backward_rows(Team& team, const T* grad_x, T* grad_increment, int n, int m, int stride,
                                  ProjectionTrace trace) {
  for (int i = team.rank(); i < n; i += team.size()) {
    const T* gx = grad_x + static_cast<std::size_t>(i) * stride;
    T* gp = grad_increment + static_cast<std::size_t>(i) * stride;
    const std::uint32_t* words = trace.active + static_cast<std::size_t>(i) * words_of(m);
    T mean = 0;
    if (trace.capped[i]) {
      Tally<T> tally;
      int count = 0;
      for (int j = 0; j < m; j += kLanes<T>) {
        const Flags<T> active = unpack_flags<T>(words[j / 32], j % 32);
        tally.add(load(gx + j) - load(gp + j), active);
        count += count_of<T>(active);
      }
      mean = static_cast<T>(tally.total() / count);
    }
    for (int j = 0; j < m; j += kLanes<T>) {
      const Lanes<T> g = load(gp + j);
      const Lanes<T> g_s = g + keep(unpack_flags<T>(words[j / 32], j % 32), load(gx + j) - g - mean);
      store<T>(g_s, gp + j);
    }
  }
  team.sync();
}

// The same for kLanes<T> neighbouring columns, laid out as in project_column_block.
template <typename T>
MMHPARSE_DEVICE void backward_column_block(const T* grad_x, T* grad_increment, int j, int height, int apart, int lines,
                                           ProjectionTrace trace) {
  const auto at = [=](int i) { return static_cast<std::size_t>(i) * apart; };
  const auto active = [=](int i) {
    return flags_from<T>(trace.active + static_cast<std::size_t>(i / 32) * lines + j, i % 32);
  };
  Tally<T> tally;
  for (int i = 0; i < height; ++i) tally.add(load(grad_x + at(i)) - load(grad_increment + at(i)), active(i));
  T means[kLanes<T>];
  store<T>(tally.mean(0), means);
  for (int l = 0; l < kLanes<T>; ++l) means[l] = trace.capped[j + l] ? means[l] : T(0);
  const Lanes<T> mean = load(means);
  for (int i = 0; i < height; ++i) {
    const Lanes<T> g = load(grad_increment + at(i));
    store<T>(g + keep(active(i), load(grad_x + at(i)) - g - mean), grad_increment + at(i));
  }
}

template <typename T, typename Team>
MMHPARSE_DEVICE void backward_columns(Team& team, const T* grad_x, T* grad_increment, int n, int m, int stride,
                                      ProjectionTrace trace) {
  for (int j = team.rank() * kLanes<T>; j < m; j += team.size() * kLanes<T>)
    backward_column_block(grad_x + j, grad_increment + j, j, n, stride, stride, trace);
  team.sync();
}

}  // namespace MMHPARSE_NAMESPACE
