// The exact projection of Z on {X >= 0, row sums <= 1, column sums <= 1}, by its dual, and its gradient.
//
// X = max(Z - u 1^T - 1 v^T, 0), where u, v >= 0 minimise the convex, piecewise quadratic
//   phi(u, v) = |max(Z - u 1^T - 1 v^T, 0)|^2 / 2 + sum(u) + sum(v).
// Minimising over u alone, or over v alone, is a row-wise or column-wise threshold; doing it in turns never goes up but
// may creep. A semismooth Newton step on both (after Li, Sun and Toh, "On the efficient computation of a generalized
// Jacobian of the projector over the Birkhoff polytope", SIAM J. Optim. 2020) follows each turn and is taken if phi
// falls. Once the positive entries and the capped sums are the right ones, it ends the search. All of it is in double.
//
// The gradient takes them as fixed: dX = W * (dZ - du 1^T - 1 dv^T) with W = (X > 0), du = 0 where u = 0, dv = 0 where
// v = 0, and row and column sums of dX = 0 where they are capped. That is an orthogonal projection, its own transpose,
// and asks for a linear system of the same matrix as Newton's step.
#pragma once

#include "dykstra.hpp"

namespace MMHPARSE_NAMESPACE {

MMHPARSE_DEVICE Lanes<double> positive_part(Lanes<double> x) { return x > 0 ? x : Lanes<double>{}; }

constexpr double kExactTolerance = 1e-12;
constexpr int kMaxTurns = 500;

// [diag(row counts), W; W^T, diag(column counts)] restricted to some rows and columns, to be solved by elimination.
// Rows come first in all vectors (n + stride), columns after.
struct DualSystem {
  double* active;    // (n, stride) W, as 0 or 1
  double* chosen;    // 1 for rows and columns in the system, else 0
  double* counts;    // the diagonal
  double* right;     // right-hand side; not kept
  double* solution;  // 0 for rows and columns that are not in the system
  double* schur;     // (stride, stride) what is left of the columns' equations without the rows

  MMHPARSE_DEVICE DualSystem(Arena& arena, int rows, int stride)
      : active(arena.take<double>(static_cast<std::size_t>(rows) * stride)),
        chosen(arena.take<double>(rows + stride)),
        counts(arena.take<double>(rows + stride)),
        right(arena.take<double>(rows + stride)),
        solution(arena.take<double>(rows + stride)),
        schur(arena.take<double>(static_cast<std::size_t>(stride) * stride)) {}
};

// Calls visit(i, sum over row i of the lanes entry(i, j)) for every row.
template <typename Team, typename Entry, typename Visit>
MMHPARSE_DEVICE void for_each_row_sum(Team& team, int n, int stride, Entry entry, Visit visit) {
  for (int i = team.rank(); i < n; i += team.size()) {
    Lanes<double> sum = {};
    for (int j = 0; j < stride; j += kLanes<double>) sum += entry(i, j);
    visit(i, total_of(sum));
  }
}

// Calls visit(j, sum over the rows of the lanes entry(i, j)) for every kLanes columns, padding included.
template <typename Team, typename Entry, typename Visit>
MMHPARSE_DEVICE void for_each_column_sum(Team& team, int n, int stride, Entry entry, Visit visit) {
  for (int j = team.rank() * kLanes<double>; j < stride; j += team.size() * kLanes<double>) {
    Lanes<double> sum = {};
    for (int i = 0; i < n; ++i) sum += entry(i, j);
    visit(j, sum);
  }
}

// Takes the rows out of the columns' equations: schur = diag(counts) - W^T diag(1 / counts) W, and `right` alike.
template <typename Team>
MMHPARSE_DEVICE void eliminate_rows(Team& team, const DualSystem& system, int n, int stride) {
  const double* active = system.active;
  for (int j = team.rank(); j < stride; j += team.size()) {
    double* equation = system.schur + static_cast<std::size_t>(j) * stride;
    for (int k = 0; k < stride; k += kLanes<double>) store<double>(Lanes<double>{}, equation + k);
    const bool in_system = system.chosen[n + j] > 0;
    equation[j] = in_system ? system.counts[n + j] : 1;
    double right = in_system ? system.right[n + j] : 0;
    for (int i = 0; in_system && i < n; ++i) {
      const double* row = active + static_cast<std::size_t>(i) * stride;
      if (!(row[j] > 0) || !(system.chosen[i] > 0)) continue;
      const double share = 1 / system.counts[i];
      right -= share * system.right[i];
      for (int k = 0; k < stride; k += kLanes<double>)
        store<double>(load(equation + k) - share * load(row + k) * load(system.chosen + n + k), equation + k);
    }
    system.solution[n + j] = right;  // becomes the solution
  }
  team.sync();
}

// Solves the columns' equations by Gauss and Jordan; the matrix is symmetric and positive semidefinite, and needs no
// pivoting. A unit that is free, because rows and columns can trade it, is left at 0.
template <typename Team>
MMHPARSE_DEVICE void solve_columns(Team& team, const DualSystem& system, int n, int stride) {
  constexpr double kFree = 1e-9;  // pivots are differences of numbers from 1 to n
  double* solution = system.solution + n;
  for (int k = 0; k < stride; ++k) {
    const double* pivot_row = system.schur + static_cast<std::size_t>(k) * stride;
    const double pivot = pivot_row[k];
    const int first = k / kLanes<double> * kLanes<double>;
    for (int j = team.rank(); pivot > kFree && j < stride; j += team.size()) {
      double* equation = system.schur + static_cast<std::size_t>(j) * stride;
      const double factor = equation[k] / pivot;
      if (j == k || factor == 0) continue;
      solution[j] -= factor * solution[k];
      for (int l = first; l < stride; l += kLanes<double>)
        store<double>(load(equation + l) - factor * load(pivot_row + l), equation + l);
    }
    team.sync();
  }
  for (int k = team.rank(); k < stride; k += team.size()) {
    const double pivot = system.schur[static_cast<std::size_t>(k) * stride + k];
    solution[k] = pivot > kFree ? system.chosen[n + k] * solution[k] / pivot : 0;
  }
  team.sync();
}

// Solves the system for `right`.
template <typename Team>
MMHPARSE_DEVICE void solve_dual_system(Team& team, const DualSystem& system, int n, int stride) {
  const double* active = system.active;
  const auto entry = [=](int i, int j) { return load(active + static_cast<std::size_t>(i) * stride + j); };
  const auto count = [&](int k, double sum) {
    system.counts[k] = sum;
    // a row or column without positive entries has no equation
    system.chosen[k] = sum > 0 ? system.chosen[k] : 0;
  };
  for_each_row_sum(team, n, stride, entry, count);
  for_each_column_sum(team, n, stride, entry, [&](int j, Lanes<double> sum) {
    double sums[kLanes<double>];
    store<double>(sum, sums);
    for (int l = 0; l < kLanes<double>; ++l) count(n + j + l, sums[l]);
  });
  team.sync();
  eliminate_rows(team, system, n, stride);
  solve_columns(team, system, n, stride);
  const double* columns = system.solution + n;
  for_each_row_sum(
      team, n, stride, [=](int i, int j) { return entry(i, j) * load(columns + j); },
      [&](int i, double sum) {
        system.solution[i] = system.chosen[i] > 0 ? (system.right[i] - sum) / system.counts[i] : 0;
      });
  team.sync();
}

// What the gradient needs of one projection.
struct ExactTrace {
  std::uint32_t* active = nullptr;  // (n, words of m) a step
  std::uint8_t* capped = nullptr;   // (n + stride) a step

  MMHPARSE_DEVICE ExactTrace() {}
  MMHPARSE_DEVICE ExactTrace(Arena& arena, int rows, int columns, int stride, std::size_t projections)
      : active(arena.take<std::uint32_t>(projections * rows * words_of(columns))),
        capped(arena.take<std::uint8_t>(projections * (rows + stride))) {}
};

// Projections of one problem, each begun from the duals of the last.
class ExactProjection {
 public:
  MMHPARSE_DEVICE ExactProjection(Arena& arena, int rows, int stride)
      : z_(arena.take<double>(static_cast<std::size_t>(rows) * stride)),
        dual_(arena.take<double>(rows + stride)),
        trial_(arena.take<double>(rows + stride)),
        system_(arena, rows, stride) {}

  // The point to project, (n, stride), to be filled before each projection; negative in columns beyond m.
  MMHPARSE_DEVICE double* point() const { return z_; }

  template <typename Team>
  MMHPARSE_DEVICE void start(Team& team, int n, int stride) {
    for (int k = team.rank(); k < n + stride; k += team.size()) dual_[k] = 0;
    team.sync();
  }

  // Replaces x (n, stride) by the projection of the point.
  template <typename Team>
  MMHPARSE_DEVICE void project(Team& team, double* x, int n, int stride) {
    for (int turn = 0; turn < kMaxTurns; ++turn) {
      take_turn(team, n, stride);
      if (find_violation(team, n, stride) <= kExactTolerance * kExactTolerance) break;
      newton_step(team, n, stride);
    }
    const double* z = z_;
    const double* dual = dual_;
    for (int i = team.rank(); i < n; i += team.size()) {
      for (int j = 0; j < stride; ++j) {
        const std::size_t at = static_cast<std::size_t>(i) * stride + j;
        const double rest = z[at] - dual[i] - dual[n + j];
        x[at] = rest > 0 ? rest : 0;
      }
    }
    team.sync();
  }

  // Remembers which entries are positive and which sums are capped, in the trace of step `step`.
  template <typename Team>
  MMHPARSE_DEVICE void remember(Team& team, const double* x, int n, int m, int stride, int step, ExactTrace trace) const {
    const int words = words_of(m);
    for (int i = team.rank(); i < n; i += team.size()) {
      for (int w = 0; w < words; ++w) {
        std::uint32_t word = 0;
        const int bits = smaller(32, m - 32 * w);
        for (int l = 0; l < bits; ++l)
          word |= static_cast<std::uint32_t>(x[static_cast<std::size_t>(i) * stride + 32 * w + l] > 0) << l;
        trace.active[(static_cast<std::size_t>(step) * n + i) * words + w] = word;
      }
    }
    for (int k = team.rank(); k < n + stride; k += team.size())
      trace.capped[static_cast<std::size_t>(step) * (n + stride) + k] = dual_[k] > 0;
    team.sync();
  }

  // Replaces the gradient with respect to a projection, (n, stride), by that with respect to its point.
  template <typename Team>
  MMHPARSE_DEVICE void backward(Team& team, double* grad, int n, int m, int stride, int step, ExactTrace trace) const {
    const int words = words_of(m);
    double* active = system_.active;
    for (int i = team.rank(); i < n; i += team.size()) {
      const std::uint32_t* word = trace.active + (static_cast<std::size_t>(step) * n + i) * words;
      for (int j = 0; j < stride; ++j) {
        const std::size_t at = static_cast<std::size_t>(i) * stride + j;
        active[at] = j < m ? (word[j / 32] >> (j % 32)) & 1 : 0;
        grad[at] *= active[at];
      }
    }
    team.sync();
    const std::uint8_t* capped = trace.capped + static_cast<std::size_t>(step) * (n + stride);
    take_capped_sums_away(team, grad, capped, n, stride);
    take_capped_sums_away(team, grad, capped, n, stride);  // once more, for what rounding has left
  }

 private:
  // Projects the gradient, 0 where nothing is active, orthogonally on those with sums of 0 where they are capped.
  template <typename Team>
  MMHPARSE_DEVICE void take_capped_sums_away(Team& team, double* grad, const std::uint8_t* capped, int n,
                                            int stride) const {
    for (int k = team.rank(); k < n + stride; k += team.size()) system_.chosen[k] = capped[k];
    const auto entry = [=](int i, int j) { return load(grad + static_cast<std::size_t>(i) * stride + j); };
    for_each_row_sum(team, n, stride, entry, [&](int i, double sum) { system_.right[i] = sum; });
    for_each_column_sum(team, n, stride, entry,
                        [&](int j, Lanes<double> sum) { store<double>(sum, system_.right + n + j); });
    team.sync();
    solve_dual_system(team, system_, n, stride);
    const double* active = system_.active;
    const double* shift = system_.solution;
    for (int i = team.rank(); i < n; i += team.size())
      for (int j = 0; j < stride; j += kLanes<double>) {
        const std::size_t at = static_cast<std::size_t>(i) * stride + j;
        store<double>(load(grad + at) - load(active + at) * (shift[i] + load(shift + n + j)), grad + at);
      }
    team.sync();
  }

  // Minimises over u, then over v.
  template <typename Team>
  MMHPARSE_DEVICE void take_turn(Team& team, int n, int stride) {
    const double* z = z_;
    double* u = dual_;
    double* v = dual_ + n;
    for (int i = team.rank(); i < n; i += team.size()) {
      const double* row = z + static_cast<std::size_t>(i) * stride;
      row_thresholds<1>(stride, [=](int, int j) { return load(row + j) - load(v + j); }, u + i);
    }
    team.sync();
    for (int j = team.rank() * kLanes<double>; j < stride; j += team.size() * kLanes<double>)
      store<double>(column_thresholds<double>(
                        n, [=](int i) { return load(z + static_cast<std::size_t>(i) * stride + j) - u[i]; }, load(v + j)),
                    v + j);
    team.sync();
  }

  // Sets up Newton's system at the present duals; returns the squared violation of the optimality conditions.
  template <typename Team>
  MMHPARSE_DEVICE double find_violation(Team& team, int n, int stride) {
    const double* z = z_;
    const double* dual = dual_;
    double* active = system_.active;
    const auto rest = [=](int i, int j) {
      return load(z + static_cast<std::size_t>(i) * stride + j) - dual[i] - load(dual + n + j);
    };
    const auto plan = [=](int i, int j) { return positive_part(rest(i, j)); };
    for (int i = team.rank(); i < n; i += team.size())
      for (int j = 0; j < stride; j += kLanes<double>)
        store<double>(rest(i, j) > 0 ? Lanes<double>{} + 1 : Lanes<double>{},
                      active + static_cast<std::size_t>(i) * stride + j);
    double part = 0;
    const auto compare = [&](int k, double sum) {
      const double excess = sum - 1;
      system_.right[k] = excess;
      system_.chosen[k] = dual[k] > 0 || excess > 0;
      part += system_.chosen[k] * excess * excess;
    };
    for_each_row_sum(team, n, stride, plan, compare);
    for_each_column_sum(team, n, stride, plan, [&](int j, Lanes<double> sum) {
      double sums[kLanes<double>];
      store<double>(sum, sums);
      for (int l = 0; l < kLanes<double>; ++l) compare(n + j + l, sums[l]);
    });
    return team.sum(part);
  }

  // Newton's step, shortened until phi falls; not taken if it never does.
  template <typename Team>
  MMHPARSE_DEVICE void newton_step(Team& team, int n, int stride) {
    const int length = n + stride;
    solve_dual_system(team, system_, n, stride);
    const double present = phi(team, dual_, n, stride);
    for (double reach = 1; reach > 0.01; reach /= 4) {
      for (int k = team.rank(); k < length; k += team.size()) {
        const double moved = dual_[k] + reach * system_.solution[k];
        trial_[k] = moved > 0 ? moved : 0;
      }
      team.sync();
      if (phi(team, trial_, n, stride) <= present) {
        for (int k = team.rank(); k < length; k += team.size()) dual_[k] = trial_[k];
        team.sync();
        return;
      }
    }
  }

  template <typename Team>
  MMHPARSE_DEVICE double phi(Team& team, const double* dual, int n, int stride) const {
    const double* z = z_;
    double part = 0;
    const auto square = [=](int i, int j) {
      const Lanes<double> rest =
          positive_part(load(z + static_cast<std::size_t>(i) * stride + j) - dual[i] - load(dual + n + j));
      return rest * rest / 2;
    };
    for_each_row_sum(team, n, stride, square, [&](int, double sum) { part += sum; });
    for (int k = team.rank(); k < n + stride; k += team.size()) part += dual[k];
    return team.sum(part);
  }

  double* z_;
  double* dual_;   // u, then v
  double* trial_;
  DualSystem system_;
};

}  // namespace MMHPARSE_NAMESPACE
