// Dykstra's cyclic projections onto {rows in the capped simplex} and {columns in the capped simplex}, and their gradient.
//
// The capped simplex is {x >= 0, sum of x <= 1}. Its projection subtracts the smallest threshold t >= 0 that brings the
// sum of what stays positive down to 1; Newton's method from t = 0 climbs to it and stops when the set of positive
// entries stays. Sums run in double, so that a float problem has the same thresholds in whatever order they are added.
#pragma once

#include "workspace.hpp"

namespace MMHPARSE_NAMESPACE {

// What the gradient needs of one projection: which entries stayed positive, and which sums were capped.
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

// How many rows are worked off together: enough to hide the latency of their sums, where a thread has many.
constexpr int kRowsTogether = MMHPARSE_SINGLE_LANES ? 1 : 4;

// The thresholds of neighbouring rows, whose lanes from column j on are entry(row, j), given a guess.
//
// A first step from the guess may lower a threshold, but not below the answer: the sum falls convexly. Later ones raise
// it, until the set of entries above it stays.
template <int kRows, typename T, typename Entry>
MMHPARSE_DEVICE void row_thresholds(int count, Entry entry, T* threshold) {
  for (bool first = true, moved = true; moved; first = false) {
    moved = first;
    Tally<T> tally[kRows];
    for (int j = 0; j < count; j += kLanes<T>)
      for (int r = 0; r < kRows; ++r) {
        const Lanes<T> s = entry(r, j);
        tally[r].add(s, s > threshold[r]);
      }
    for (int r = 0; r < kRows; ++r) {
      const int active = tally[r].total_count();
      const T asked = static_cast<T>((tally[r].total() - 1) / (active > 0 ? active : 1));
      const T fitting = asked > 0 ? asked : T(0);
      moved = moved || fitting > threshold[r];
      threshold[r] = first || fitting > threshold[r] ? fitting : threshold[r];
    }
  }
}

// The thresholds of neighbouring columns, whose lanes in row i are entry(i), given a guess.
template <typename T, typename Entry>
MMHPARSE_DEVICE Lanes<T> column_thresholds(int n, Entry entry, Lanes<T> threshold) {
  for (bool first = true, moved = true; moved; first = false) {
    Tally<T> tally;
    for (int i = 0; i < n; ++i) {
      const Lanes<T> s = entry(i);
      tally.add(s, s > threshold);
    }
    const Lanes<T> asked = tally.mean(1);
    const Lanes<T> fitting = asked > 0 ? asked : Lanes<T>{};
    moved = first || any(fitting > threshold);
    threshold = first ? fitting : (fitting > threshold ? fitting : threshold);
  }
  return threshold;
}

// Neighbouring rows of half a cycle.
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
      const auto stays = s > threshold[r];
      const Lanes<T> kept = stays ? s - threshold[r] : Lanes<T>{};
      store<T>(kept, x + r * stride + j);
      store<T>(s - kept, increment + r * stride + j);
      if (kTraced) {
        word |= pack_flags<T>(stays, j % 32);
        if (j % 32 + kLanes<T> == 32 || j + kLanes<T> >= m) {
          trace.active[static_cast<std::size_t>(i0 + r) * words_of(m) + j / 32] = word;
          word = 0;
        }
      }
    }
    if (kTraced) trace.capped[i0 + r] = threshold[r] > 0;
  }
}

// One half cycle: x and its increment become the projection of x + increment on the rows, and what it took away. The
// thresholds of an earlier projection are the guess, and are replaced.
template <bool kTraced, typename T, typename Team>
MMHPARSE_DEVICE void project_rows(Team& team, T* x, T* increment, T* guess, int n, int m, int stride,
                                 ProjectionTrace trace) {
  const int blocks = n / kRowsTogether;
  for (int b = team.rank(); b < blocks; b += team.size())
    project_row_block<kRowsTogether, kTraced>(x, increment, guess, b * kRowsTogether, m, stride, trace);
  for (int i = blocks * kRowsTogether; i < n; ++i)  // none where a block is a row
    project_row_block<1, kTraced>(x, increment, guess, i, m, stride, trace);
  team.sync();
}

// The other half cycle, on the columns.
template <bool kTraced, typename T, typename Team>
MMHPARSE_DEVICE void project_columns(Team& team, T* x, T* increment, T* guess, int n, int m, int stride,
                                    ProjectionTrace trace) {
  constexpr int kTogether = kLanes<T>;
  for (int j = team.rank() * kTogether; j < m; j += team.size() * kTogether) {
    for (int i = 0; i < n; ++i) {
      const std::size_t at = static_cast<std::size_t>(i) * stride + j;
      store<T>(load(x + at) + load(increment + at), increment + at);
    }
    const Lanes<T> threshold = column_thresholds<T>(
        n, [=](int i) { return load(increment + static_cast<std::size_t>(i) * stride + j); }, load(guess + j));
    store<T>(threshold, guess + j);
    std::uint32_t words[kTogether] = {};
    for (int i = 0; i < n; ++i) {
      const std::size_t at = static_cast<std::size_t>(i) * stride + j;
      const Lanes<T> s = load(increment + at);
      const auto stays = s > threshold;
      const Lanes<T> kept = stays ? s - threshold : Lanes<T>{};
      store<T>(kept, x + at);
      store<T>(s - kept, increment + at);
      if (kTraced) {
        set_flags<T>(stays, i % 32, words);
        if (i % 32 == 31 || i == n - 1)
          for (int l = 0; l < kTogether; ++l) {
            trace.active[static_cast<std::size_t>(i / 32) * stride + j + l] = words[l];
            words[l] = 0;
          }
      }
    }
    if (kTraced) {
      T capped[kTogether];
      store<T>(threshold, capped);
      for (int l = 0; l < kTogether; ++l) trace.capped[j + l] = capped[l] > 0;
    }
  }
  team.sync();
}

// Gradients of a half cycle. With s = x + increment, x' = P(s) and increment' = s - x', both inputs have the gradient
// of s: that of increment' + P'(s)^T (that of x' - that of increment'), where P' keeps the active entries and, if the
// sum was capped, takes their mean away. `grad_x` and `grad_increment` are replaced by it.
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
      const Lanes<T> past = load(gp + j);
      const auto stays = unpack_flags<T>(words[j / 32], j % 32);
      const Lanes<T> both = past + (stays ? load(gx + j) - past - mean : Lanes<T>{});
      store<T>(both, gx + j);
      store<T>(both, gp + j);
    }
  }
  team.sync();
}

template <typename T, typename Team>
MMHPARSE_DEVICE void backward_columns(Team& team, T* grad_x, T* grad_increment, int n, int m, int stride,
                                     ProjectionTrace trace) {
  constexpr int kTogether = kLanes<T>;
  for (int j = team.rank() * kTogether; j < m; j += team.size() * kTogether) {
    const auto stays = [=](int i) {
      return flags_from<T>(trace.active + static_cast<std::size_t>(i / 32) * stride + j, i % 32);
    };
    Tally<T> tally;
    for (int i = 0; i < n; ++i) {
      const std::size_t at = static_cast<std::size_t>(i) * stride + j;
      tally.add(load(grad_x + at) - load(grad_increment + at), stays(i));
    }
    T means[kTogether];
    store<T>(tally.mean(0), means);
    for (int l = 0; l < kTogether; ++l) means[l] = trace.capped[j + l] ? means[l] : T(0);
    const Lanes<T> mean = load(means);
    for (int i = 0; i < n; ++i) {
      const std::size_t at = static_cast<std::size_t>(i) * stride + j;
      const Lanes<T> past = load(grad_increment + at);
      const Lanes<T> both = past + (stays(i) ? load(grad_x + at) - past - mean : Lanes<T>{});
      store<T>(both, grad_x + at);
      store<T>(both, grad_increment + at);
    }
  }
  team.sync();
}

}  // namespace MMHPARSE_NAMESPACE
