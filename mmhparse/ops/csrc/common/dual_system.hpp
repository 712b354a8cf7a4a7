// The linear system of the exact projection's Newton step and of its gradient (exact_projection.hpp): sums of the
// active entries of rows and columns, shifted by one unknown per row and column. It is factored once for a set of
// active entries, and then solved for any number of right-hand sides.
#pragma once

#include "workspace.hpp"

namespace MMHPARSE_NAMESPACE {

// The system [diag(row counts), W; W^T, diag(column counts)] restricted to some rows and columns, solved by
// elimination. All vectors have n + stride entries: first the rows, then the columns.
struct DualSystem {
  double* active;    // (n, stride) W, as 0 or 1
  double* chosen;    // 1 for rows and columns in the system, else 0
  double* counts;    // the diagonal
  double* right;     // right-hand side
  double* solution;  // 0 for rows and columns that are not in the system
  std::uint32_t* row_sets;  // (words of n, stride) bits of the rows in the system in which a column has an active entry
  double* schur;     // (stride, stride) the columns' equations after elimination of the rows (Schur complement), then U

  MMHPARSE_DEVICE DualSystem(Arena& arena, int rows, int stride)
      : active(arena.take<double>(static_cast<std::size_t>(rows) * stride)),
        chosen(arena.take<double>(rows + stride)),
        counts(arena.take<double>(rows + stride)),
        right(arena.take<double>(rows + stride)),
        solution(arena.take<double>(rows + stride)),
        row_sets(arena.take<std::uint32_t>(static_cast<std::size_t>(words_of(rows)) * stride)),
        schur(arena.take<double>(static_cast<std::size_t>(stride) * stride)) {}
};

// Calls visit(i, sum of entry(i, j) over all columns j) for every row i.
template <typename Team, typename Entry, typename Visit>
MMHPARSE_DEVICE void for_each_row_sum(Team& team, int n, int stride, Entry entry, Visit visit) {
  for (int i = team.rank(); i < n; i += team.size()) {
    Lanes<double> sum = {};
    for (int j = 0; j < stride; j += kLanes<double>) sum += entry(i, j);
    visit(i, total_of(sum));
  }
}

// Calls visit(j, lanes of the sums of entry(i, j) over all rows i) for every kLanes columns from j on, with the
// padding.
template <typename Team, typename Entry, typename Visit>
MMHPARSE_DEVICE void for_each_column_sum(Team& team, int n, int stride, Entry entry, Visit visit) {
  for (int j = team.rank() * kLanes<double>; j < stride; j += team.size() * kLanes<double>) {
    Lanes<double> sum = {};
    for (int i = 0; i < n; ++i) sum += entry(i, j);
    visit(j, sum);
  }
}

constexpr double kZeroPivot = 1e-9;  // counts are from 1 to n; a zero pivot is left with rounding errors

// Finds for every column the rows in the system in which it has an active entry.
template <typename Team>
MMHPARSE_DEVICE void find_row_sets(Team& team, const DualSystem& system, int n, int stride) {
  constexpr int kBlock = kLanes<double>;
  for (int j = team.rank() * kBlock; j < stride; j += team.size() * kBlock) {
    for (int i0 = 0; i0 < n; i0 += 32) {
      std::uint32_t words[kBlock] = {};
      for (int i = i0; i < min_of(i0 + 32, n); ++i) {
        const Lanes<double> share = load(system.active + static_cast<std::size_t>(i) * stride + j) * system.chosen[i];
        set_flags<double>(above<double>(share, Lanes<double>{}), i - i0, words);
      }
      for (int l = 0; l < kBlock; ++l) system.row_sets[static_cast<std::size_t>(i0 / 32) * stride + j + l] = words[l];
    }
  }
  team.sync();
}

// Eliminates the rows from the columns' equations: schur = diag(column counts) - W^T diag(1 / row counts) W. Only its
// upper triangle is of use. `solution` holds 1 / row counts.
template <typename Team>
MMHPARSE_DEVICE void eliminate_rows(Team& team, const DualSystem& system, int n, int stride) {
  const double* chosen = system.chosen + n;
  for (int j = team.rank(); j < stride; j += team.size()) {
    double* equation = system.schur + static_cast<std::size_t>(j) * stride;
    const int first = j / kLanes<double> * kLanes<double>;
    for (int k = first; k < stride; k += kLanes<double>) store<double>(Lanes<double>{}, equation + k);
    if (!(chosen[j] > 0)) {
      equation[j] = 1;
      continue;
    }
    for (int w = 0; w < words_of(n); ++w) {
      std::uint32_t rows = system.row_sets[static_cast<std::size_t>(w) * stride + j];
      for (; rows != 0; rows &= rows - 1) {
        const int i = 32 * w + lowest_bit(rows);
        const double* row = system.active + static_cast<std::size_t>(i) * stride;
        const double share = system.solution[i];
        for (int k = first; k < stride; k += kLanes<double>)
          store<double>(load(equation + k) - share * load(row + k), equation + k);
      }
    }
    for (int k = first; k < stride; k += kLanes<double>)
      store<double>(load(equation + k) * load(chosen + k), equation + k);
    equation[j] += system.counts[n + j];
  }
  team.sync();
}

// Factors the columns' equations into L D U with L = (D^-1 U)^T, in place by Gaussian elimination: U with the pivots D
// on its diagonal is the upper triangle; below it nothing of use is left. The matrix is symmetric positive
// semidefinite, so no pivoting is needed. It is singular where all sums of a connected block are capped: increasing u
// and decreasing v by the same amount there does not change X. Columns with a zero pivot are not eliminated.
template <typename Team>
MMHPARSE_DEVICE void factor_columns(Team& team, const DualSystem& system, int stride) {
  for (int k = 0; k < stride; ++k) {
    const double* pivot_row = system.schur + static_cast<std::size_t>(k) * stride;
    if (pivot_row[k] > kZeroPivot) {
      const double share = 1 / pivot_row[k];
      for (int j = k + 1 + team.rank(); j < stride; j += team.size()) {
        if (pivot_row[j] == 0) continue;
        double* equation = system.schur + static_cast<std::size_t>(j) * stride;
        const double factor = pivot_row[j] * share;  // L[j, k], by symmetry
        for (int l = j / kLanes<double> * kLanes<double>; l < stride; l += kLanes<double>)
          store<double>(load(equation + l) - factor * load(pivot_row + l), equation + l);
      }
    }
    team.sync();
  }
}

// Replaces the right-hand side of the columns' equations, `x` (stride), by their solution, with the factors. A column
// with a zero pivot gets 0, which selects one of the solutions.
template <typename Team>
MMHPARSE_DEVICE void substitute_columns(Team& team, const double* upper, double* x, int stride) {
  for (int k = 0; k < stride; ++k) {
    const double* row = upper + static_cast<std::size_t>(k) * stride;
    const double share = row[k] > kZeroPivot ? x[k] / row[k] : 0;
    for (int j = k + 1 + team.rank(); share != 0 && j < stride; j += team.size()) x[j] -= share * row[j];
    team.sync();
  }
  for (int k = stride - 1; k >= 0; --k) {
    const double pivot = upper[static_cast<std::size_t>(k) * stride + k];
    const double value = pivot > kZeroPivot ? x[k] / pivot : 0;
    for (int j = team.rank(); value != 0 && j < k; j += team.size())
      x[j] -= upper[static_cast<std::size_t>(j) * stride + k] * value;
    team.sync();
    if (team.rank() == 0) x[k] = value;
  }
  team.sync();
}

// Sets up and factors the system of the active entries and the chosen rows and columns; it serves any number of
// right-hand sides.
template <typename Team>
MMHPARSE_DEVICE void factor_dual_system(Team& team, const DualSystem& system, int n, int stride) {
  const double* active = system.active;
  const auto entry = [=](int i, int j) { return load(active + static_cast<std::size_t>(i) * stride + j); };
  const auto count = [&](int k, double sum) {
    system.counts[k] = sum;
    // a row or column without active entries has no equation
    system.chosen[k] = sum > 0 ? system.chosen[k] : 0;
  };
  for_each_row_sum(team, n, stride, entry, count);
  for_each_column_sum(team, n, stride, entry, [&](int j, Lanes<double> sum) {
    double sums[kLanes<double>];
    store<double>(sum, sums);
    for (int l = 0; l < kLanes<double>; ++l) count(n + j + l, sums[l]);
  });
  team.sync();
  for (int i = team.rank(); i < n; i += team.size())
    system.solution[i] = system.chosen[i] > 0 ? 1 / system.counts[i] : 0;  // of use until the first solution
  find_row_sets(team, system, n, stride);
  eliminate_rows(team, system, n, stride);
  factor_columns(team, system, stride);
}

// Solves the factored system for `right` into `solution`.
template <typename Team>
MMHPARSE_DEVICE void solve_dual_system(Team& team, const DualSystem& system, int n, int stride) {
  const double* active = system.active;
  double* rows = system.solution;
  double* columns = system.solution + n;
  const auto entry = [=](int i, int j) { return load(active + static_cast<std::size_t>(i) * stride + j); };
  for (int i = team.rank(); i < n; i += team.size())
    rows[i] = system.chosen[i] > 0 ? system.right[i] / system.counts[i] : 0;
  team.sync();
  for_each_column_sum(
      team, n, stride, [=](int i, int j) { return entry(i, j) * rows[i]; },
      [&](int j, Lanes<double> sum) {
        store<double>(load(system.chosen + n + j) * (load(system.right + n + j) - sum), columns + j);
      });
  team.sync();
  substitute_columns(team, system.schur, columns, stride);
  for_each_row_sum(
      team, n, stride, [=](int i, int j) { return entry(i, j) * load(columns + j); },
      [&](int i, double sum) {
        rows[i] = system.chosen[i] > 0 ? (system.right[i] - sum) / system.counts[i] : 0;
      });
  team.sync();
}

}  // namespace MMHPARSE_NAMESPACE
