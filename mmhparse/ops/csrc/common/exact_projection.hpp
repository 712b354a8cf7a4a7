// The exact projection of Z onto {X >= 0, row sums <= 1, column sums <= 1}, by its dual, and its gradient.
//
// X = max(Z - u 1^T - 1 v^T, 0), where u, v >= 0 minimise the convex, piecewise quadratic
//   phi(u, v) = |max(Z - u 1^T - 1 v^T, 0)|^2 / 2 + sum(u) + sum(v).
// Minimising over u alone, or over v alone, is a projection of rows or columns onto the capped simplex; alternating
// between them never increases phi but may converge slowly. After each alternation, a semismooth Newton step on both
// (after Li, Sun and Toh, "On the efficient computation of a generalized Jacobian of the projector over the Birkhoff
// polytope", SIAM J. Optim. 2020) is taken where it does not increase phi. It reaches the solution as soon as the
// positive entries and the capped sums are those of the solution. All computations are in double.
//
// The gradient holds both fixed: dX = W * (dZ - du 1^T - 1 dv^T) with W = (X > 0), du = 0 where u = 0, dv = 0 where
// v = 0, and row and column sums of dX = 0 where they are capped. This is an orthogonal projection, hence its own
// transpose, and its linear system has the same matrix as that of the Newton step.
#pragma once

#include "dual_system.hpp"
#include "dykstra.hpp"

namespace MMHPARSE_NAMESPACE {

MMHPARSE_DEVICE Lanes<double> positive_part(Lanes<double> x) { return x > 0 ? x : Lanes<double>{}; }

constexpr double kExactTolerance = 1e-12;
constexpr int kMaxIterations = 500;

// What the gradient needs of the projections of all steps.
struct ExactTrace {
  std::uint32_t* active = nullptr;  // (steps, n, words of m) bits of the positive entries
  std::uint8_t* capped = nullptr;   // (steps, n + stride) whether the sum of a row or column is capped

  MMHPARSE_DEVICE ExactTrace() {}
  MMHPARSE_DEVICE ExactTrace(Arena& arena, int rows, int columns, int stride, std::size_t projections)
      : active(arena.take<std::uint32_t>(projections * rows * words_of(columns))),
        capped(arena.take<std::uint8_t>(projections * (rows + stride))) {}
};

// Projections of one problem; each starts from the duals of the last.
class ExactProjection {
 public:
  MMHPARSE_DEVICE ExactProjection(Arena& arena, int rows, int stride)
      : z_(arena.take<double>(static_cast<std::size_t>(rows) * stride)),
        dual_(arena.take<double>(rows + stride)),
        trial_(arena.take<double>(rows + stride)),
        system_(arena, rows, stride) {}

  // The point to project, (n, stride); the caller fills it before each projection, with negative numbers beyond column
  // m.
  MMHPARSE_DEVICE double* point() const { return z_; }

  template <typename Team>
  MMHPARSE_DEVICE void start(Team& team, int n, int stride) {
    for (int k = team.rank(); k < n + stride; k += team.size()) dual_[k] = 0;
    team.sync();
  }

  // Replaces x (n, stride) by the projection of the point.
  template <typename Team>
  MMHPARSE_DEVICE void project(Team& team, double* x, int n, int stride) {
    for (int iteration = 0; iteration < kMaxIterations; ++iteration) {
      minimise_alternately(team, n, stride);
      if (find_violation(team, n, stride) <= kExactTolerance * kExactTolerance) break;
      newton_step(team, n, stride);
    }
    const double* z = z_;
    const double* dual = dual_;
    for (int i = team.rank(); i < n; i += team.size()) {
      for (int j = 0; j < stride; ++j) {
        const std::size_t at = static_cast<std::size_t>(i) * stride + j;
        const double reduced = z[at] - dual[i] - dual[n + j];
        x[at] = reduced > 0 ? reduced : 0;
      }
    }
    team.sync();
  }

  // Records in the trace which entries are positive and which sums are capped after step `step`.
  template <typename Team>
  MMHPARSE_DEVICE void record(Team& team, const double* x, int n, int m, int stride, int step, ExactTrace trace) const {
    const int words = words_of(m);
    for (int i = team.rank(); i < n; i += team.size()) {
      for (int w = 0; w < words; ++w) {
        std::uint32_t word = 0;
        const int bits = min_of(32, m - 32 * w);
        for (int l = 0; l < bits; ++l)
          word |= static_cast<std::uint32_t>(x[static_cast<std::size_t>(i) * stride + 32 * w + l] > 0) << l;
        trace.active[(static_cast<std::size_t>(step) * n + i) * words + w] = word;
      }
    }
    for (int k = team.rank(); k < n + stride; k += team.size())
      trace.capped[static_cast<std::size_t>(step) * (n + stride) + k] = dual_[k] > 0;
    team.sync();
  }

  // Whether the steps a and b left the same entries positive and the same sums capped.
  template <typename Team>
  MMHPARSE_DEVICE bool same_traces(Team& team, int n, int m, int stride, int a, int b, ExactTrace trace) const {
    const int words = n * words_of(m), sums = n + stride;
    const std::uint32_t* active = trace.active;
    const std::uint8_t* capped = trace.capped;
    int differences = 0;
    for (int k = team.rank(); k < words; k += team.size())
      differences += active[std::size_t(a) * words + k] != active[std::size_t(b) * words + k];
    for (int k = team.rank(); k < sums; k += team.size())
      differences += capped[std::size_t(a) * sums + k] != capped[std::size_t(b) * sums + k];
    return team.sum(differences) == 0;
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
    for (int k = team.rank(); k < n + stride; k += team.size()) system_.chosen[k] = capped[k];
    team.sync();
    factor_dual_system(team, system_, n, stride);
    remove_capped_sums(team, grad, n, stride);
    remove_capped_sums(team, grad, n, stride);  // a second time, against rounding errors of the first
  }

 private:
  // Projects the gradient, which is 0 outside of the active entries, orthogonally onto the matrices of that kind whose
  // capped rows and columns sum to 0.
  template <typename Team>
  MMHPARSE_DEVICE void remove_capped_sums(Team& team, double* grad, int n, int stride) const {
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

  // Minimises phi over u, then over v.
  template <typename Team>
  MMHPARSE_DEVICE void minimise_alternately(Team& team, int n, int stride) {
    const double* z = z_;
    double* u = dual_;
    double* v = dual_ + n;
    for (int i = team.rank(); i < n; i += team.size()) {
      const double* row = z + static_cast<std::size_t>(i) * stride;
      const auto entry = [=](int, int j) { return load(row + j) - load(v + j); };
      row_thresholds<1>(stride, entry, entry, [](int, int, Lanes<double>, Flags<double>) {}, u + i);
    }
    team.sync();
    for (int j = team.rank() * kLanes<double>; j < stride; j += team.size() * kLanes<double>) {
      const auto entry = [=](int i) { return load(z + static_cast<std::size_t>(i) * stride + j) - u[i]; };
      Lanes<double> threshold = load(v + j);
      column_thresholds<double>(n, entry, entry, [](int, Lanes<double>, Flags<double>) {}, threshold);
      store<double>(threshold, v + j);
    }
    team.sync();
  }

  // Sets up the Newton system at the current duals; returns the squared violation of the optimality conditions.
  template <typename Team>
  MMHPARSE_DEVICE double find_violation(Team& team, int n, int stride) {
    const double* z = z_;
    const double* dual = dual_;
    double* active = system_.active;
    const auto reduced = [=](int i, int j) {
      return load(z + static_cast<std::size_t>(i) * stride + j) - dual[i] - load(dual + n + j);
    };
    const auto plan = [=](int i, int j) { return positive_part(reduced(i, j)); };
    for (int i = team.rank(); i < n; i += team.size())
      for (int j = 0; j < stride; j += kLanes<double>)
        store<double>(reduced(i, j) > 0 ? Lanes<double>{} + 1 : Lanes<double>{},
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

  // Takes the longest of four fractions of the Newton step that does not increase phi, or none if all do.
  template <typename Team>
  MMHPARSE_DEVICE void newton_step(Team& team, int n, int stride) {
    const int length = n + stride;
    factor_dual_system(team, system_, n, stride);
    solve_dual_system(team, system_, n, stride);
    const double current = phi(team, dual_, n, stride);
    for (double fraction = 1; fraction > 0.01; fraction /= 4) {
      for (int k = team.rank(); k < length; k += team.size()) {
        const double moved = dual_[k] + fraction * system_.solution[k];
        trial_[k] = moved > 0 ? moved : 0;
      }
      team.sync();
      if (phi(team, trial_, n, stride) <= current) {
        for (int k = team.rank(); k < length; k += team.size()) dual_[k] = trial_[k];
        team.sync();
        return;
      }
    }
  }

  // The dual objective.
  template <typename Team>
  MMHPARSE_DEVICE double phi(Team& team, const double* dual, int n, int stride) const {
    const double* z = z_;
    double part = 0;
    const auto square = [=](int i, int j) {
      const Lanes<double> x =
          positive_part(load(z + static_cast<std::size_t>(i) * stride + j) - dual[i] - load(dual + n + j));
      return x * x / 2;
    };
    for_each_row_sum(team, n, stride, square, [&](int, double sum) { part += sum; });
    for (int k = team.rank(); k < n + stride; k += team.size()) part += dual[k];
    return team.sum(part);
  }

  double* z_;      // (n, stride)
  double* dual_;   // (n + stride) u, then v
  double* trial_;  // (n + stride) the duals of a line search
  DualSystem system_;
};

}  // namespace MMHPARSE_NAMESPACE
