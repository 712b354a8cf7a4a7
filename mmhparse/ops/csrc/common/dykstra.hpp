// Dykstra's cyclic projections onto {rows in the capped simplex} and {columns in the capped simplex}, and their
// gradient.
//
// The capped simplex is {x >= 0, sum of x <= 1}. Its projection is max(x - t, 0) with the smallest threshold t >= 0 for
// which the sum is at most 1. Newton's method from t = 0 increases t monotonically and stops when the set of positive
// entries no longer changes: the next root would be the same number. Comparing finds that out without a sum. Sums are
// accumulated in double, so that the thresholds of a float problem do not depend on the order of additions.
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
  MMHPARSE_DEVICE DykstraTrace(Arena& arena, int rows, int columns, int stride, std::size_t projections) {
    const std::size_t by_row = static_cast<std::size_t>(rows) * words_of(columns);
    const std::size_t by_column = static_cast<std::size_t>(words_of(rows)) * stride;
    active_length = by_row > by_column ? by_row : by_column;
    capped_length = rows > stride ? rows : stride;
    active = arena.take<std::uint32_t>(active_length * projections);
    capped = arena.take<std::uint8_t>(capped_length * projections);
  }

  MMHPARSE_DEVICE ProjectionTrace at(std::size_t projection) const {
    return {active + projection * active_length, capped + projection * capped_length};
  }
};

// How many rows a thread processes together: on a CPU enough to hide the latency of their sums.
constexpr int kRowsTogether = MMHPARSE_SINGLE_LANES ? 1 : 4;

// Replaces guesses of the thresholds of kRows neighbouring rows by the thresholds. entry(row, j) are the lanes of a row
// from column j on.
//
// The sum of max(x - t, 0) is convex and decreasing in t, so that a Newton step from any guess ends at or below the
// threshold that is sought. Hence the first step may lower t; every later one raises it, until the set of entries above
// it no longer changes.
template <int kRows, typename T, typename Entry>
MMHPARSE_DEVICE void row_thresholds(int count, Entry entry, T* threshold) {
  for (bool first = true, settled = false; !settled; first = false) {
    Tally<T> tally[kRows];
    for (int j = 0; j < count; j += kLanes<T>)
      for (int r = 0; r < kRows; ++r) {
        const Lanes<T> s = entry(r, j);
        tally[r].add(s, s > threshold[r]);
      }
    T before[kRows];
    for (int r = 0; r < kRows; ++r) {
      const int active = tally[r].total_count();
      const T root = static_cast<T>((tally[r].total() - 1) / (active > 0 ? active : 1));
      const T updated = root > 0 ? root : T(0);
      before[r] = threshold[r];
      threshold[r] = first || updated > threshold[r] ? updated : threshold[r];
    }
    Crossings<T> crossings;
    for (int j = 0; j < count; j += kLanes<T>)
      for (int r = 0; r < kRows; ++r) {
        const Lanes<T> s = entry(r, j);
        crossings.add(s > before[r], s > threshold[r]);
      }
    settled = !crossings.any();
  }
}

// The thresholds of neighbouring columns from a guess, by the same method. entry(i) are the lanes of row i.
template <typename T, typename Entry>
MMHPARSE_DEVICE Lanes<T> column_thresholds(int n, Entry entry, Lanes<T> threshold) {
  for (bool first = true, settled = false; !settled; first = false) {
    Tally<T> tally;
    for (int i = 0; i < n; ++i) {
      const Lanes<T> s = entry(i);
      tally.add(s, s > threshold);
    }
    const Lanes<T> root = tally.mean(1);
    const Lanes<T> updated = root > 0 ? root : Lanes<T>{};
    const Lanes<T> before = threshold;
    threshold = first ? updated : (updated > threshold ? updated : threshold);
    Crossings<T> crossings;
    for (int i = 0; i < n; ++i) {
      const Lanes<T> s = entry(i);
      crossings.add(s > before, s > threshold);
    }
    settled = !crossings.any();
  }
  return threshold;
}

// The half cycle of project_rows for kRows neighbouring rows.
template <int kRows, bool kTraced, typename T>
MMHPARSE_DEVICE void project_row_block(T* x, T* increment, T* guess, int i0, int m, int stride, ProjectionTrace trace) {
  x += static_cast<std::size_t>(i0) * stride;
  increment += static_cast<std::size_t>(i0) * stride;
  for (int k = 0; k < kRows * stride; k += kLanes<T>) store<T>(load(x + k) + load(increment + k), increment + k);
  T threshold[kRows];
  for (int r = 0; r < kRows; ++r) threshold[r] = guess[i0 + r];
  row_thresholds<kRows>(m, [=](int r, int j) { return load(increment + r * stride + j); }, threshold);
  for (int r = 0; r < kRows; ++r) {
    guess[i0 + r] = threshold[r];
    std::uint32_t word = 0;
    for (int j = 0; j < m; j += kLanes<T>) {
      const Lanes<T> s = load(increment + r * stride + j);
      const auto active = s > threshold[r];
      const Lanes<T> kept = active ? s - threshold[r] : Lanes<T>{};
      store<T>(kept, x + r * stride + j);
      store<T>(s - kept, increment + r * stride + j);
      if (kTraced) {
        word |= pack_flags<T>(active, j % 32);
        if (j % 32 + kLanes<T> == 32 || j + kLanes<T> >= m) {
          trace.active[static_cast<std::size_t>(i0 + r) * words_of(m) + j / 32] = word;
          word = 0;
        }
      }
    }
    if (kTraced) trace.capped[i0 + r] = threshold[r] > 0;
  }
}

// One half cycle: with s = x + increment, x becomes the row-wise projection P(s), and the increment s - P(s). `guess`
// holds the thresholds of an earlier projection as starting points, and is replaced by those of this one.
template <bool kTraced, typename T, typename Team>
MMHPARSE_DEVICE void project_rows(Team& team, T* x, T* increment, T* guess, int n, int m, int stride,
                                 ProjectionTrace trace) {
  const int blocks = n / kRowsTogether;
  for (int b = team.rank(); b < blocks; b += team.size())
    project_row_block<kRowsTogether, kTraced>(x, increment, guess, b * kRowsTogether, m, stride, trace);
  for (int i = blocks * kRowsTogether; i < n; ++i)  // the rest, on a CPU
    project_row_block<1, kTraced>(x, increment, guess, i, m, stride, trace);
  team.sync();
}

// The other half cycle, with column-wise projections.
template <bool kTraced, typename T, typename Team>
MMHPARSE_DEVICE void project_columns(Team& team, T* x, T* increment, T* guess, int n, int m, int stride,
                                    ProjectionTrace trace) {
  constexpr int kBlock = kLanes<T>;
  for (int j = team.rank() * kBlock; j < m; j += team.size() * kBlock) {
    for (int i = 0; i < n; ++i) {
      const std::size_t at = static_cast<std::size_t>(i) * stride + j;
      store<T>(load(x + at) + load(increment + at), increment + at);
    }
    const Lanes<T> threshold = column_thresholds<T>(
        n, [=](int i) { return load(increment + static_cast<std::size_t>(i) * stride + j); }, load(guess + j));
    store<T>(threshold, guess + j);
    std::uint32_t words[kBlock] = {};
    for (int i = 0; i < n; ++i) {
      const std::size_t at = static_cast<std::size_t>(i) * stride + j;
      const Lanes<T> s = load(increment + at);
      const auto active = s > threshold;
      const Lanes<T> kept = active ? s - threshold : Lanes<T>{};
      store<T>(kept, x + at);
      store<T>(s - kept, increment + at);
      if (kTraced) {
        set_flags<T>(active, i % 32, words);
        if (i % 32 == 31 || i == n - 1)
          for (int l = 0; l < kBlock; ++l) {
            trace.active[static_cast<std::size_t>(i / 32) * stride + j + l] = words[l];
            words[l] = 0;
          }
      }
    }
    if (kTraced) {
      T capped[kBlock];
      store<T>(threshold, capped);
      for (int l = 0; l < kBlock; ++l) trace.capped[j + l] = capped[l] > 0;
    }
  }
  team.sync();
}

// Gradient of a half cycle s = x + increment, x' = P(s), increment' = s - x'. Both inputs have the gradient of s,
//   g_s = g_increment' + P'(s)^T (g_x' - g_increment'),
// where P'(s) keeps the active entries and, if the sum was capped, subtracts their mean. `grad_x` and `grad_increment`
// hold g_x' and g_increment', and both are replaced by g_s.
template <typename T, typename Team>
MMHPARSE_DEVICE void backward_rows(Team& team, T* grad_x, T* grad_increment, int n, int m, int stride,
                                  ProjectionTrace trace) {
  for (int i = team.rank(); i < n; i += team.size()) {
    T* gx = grad_x + static_cast<std::size_t>(i) * stride;
    T* gp = grad_increment + static_cast<std::size_t>(i) * stride;
    const std::uint32_t* words = trace.active + static_cast<std::size_t>(i) * words_of(m);
    T mean = 0;
    if (trace.capped[i]) {
      Tally<T> tally;
      for (int j = 0; j < m; j += kLanes<T>)
        tally.add(load(gx + j) - load(gp + j), unpack_flags<T>(words[j / 32], j % 32));
      mean = static_cast<T>(tally.total() / tally.total_count());
    }
    for (int j = 0; j < m; j += kLanes<T>) {
      const Lanes<T> g = load(gp + j);
      const auto active = unpack_flags<T>(words[j / 32], j % 32);
      const Lanes<T> g_s = g + (active ? load(gx + j) - g - mean : Lanes<T>{});
      store<T>(g_s, gx + j);
      store<T>(g_s, gp + j);
    }
  }
  team.sync();
}

template <typename T, typename Team>
MMHPARSE_DEVICE void backward_columns(Team& team, T* grad_x, T* grad_increment, int n, int m, int stride,
                                     ProjectionTrace trace) {
  constexpr int kBlock = kLanes<T>;
  for (int j = team.rank() * kBlock; j < m; j += team.size() * kBlock) {
    const auto active = [=](int i) {
      return flags_from<T>(trace.active + static_cast<std::size_t>(i / 32) * stride + j, i % 32);
    };
    Tally<T> tally;
    for (int i = 0; i < n; ++i) {
      const std::size_t at = static_cast<std::size_t>(i) * stride + j;
      tally.add(load(grad_x + at) - load(grad_increment + at), active(i));
    }
    T means[kBlock];
    store<T>(tally.mean(0), means);
    for (int l = 0; l < kBlock; ++l) means[l] = trace.capped[j + l] ? means[l] : T(0);
    const Lanes<T> mean = load(means);
    for (int i = 0; i < n; ++i) {
      const std::size_t at = static_cast<std::size_t>(i) * stride + j;
      const Lanes<T> g = load(grad_increment + at);
      const Lanes<T> g_s = g + (active(i) ? load(grad_x + at) - g - mean : Lanes<T>{});
      store<T>(g_s, grad_x + at);
      store<T>(g_s, grad_increment + at);
    }
  }
  team.sync();
}

}  // namespace MMHPARSE_NAMESPACE
