// The exact projection of Z onto {X >= 0, row sums <= 1, column sums <= 1}, by its dual, and its gradient.
//
// X = max(Z - u 1^T - 1 v^T, 0), where u, v >= 0 minimise the convex, piecewise quadratic
//   phi(u, v) = |max(Z - u 1^T - 1 v^T, 0)|^2 / 2 + sum(u) + sum(v).
// Minimising over u alone, or over v alone, is a projection of rows or columns onto the capped simplex; alternating
// between them never increases phi but may converge slowly. After two alternations, semismooth Newton steps on both are
// taken (after Li, Sun and Toh, "On the efficient computation of a generalized Jacobian of the projector over the
// Birkhoff polytope", SIAM J. Optim. 2020), and another alternation wherever a whole step does not decrease phi. A step
// reaches the solution if the positive entries and the capped sums are those of the solution. All computations are in
// double.
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

  MMHPARSE_DEVICE std::uint32_t* active_of(int step, Shape shape) const {
    return active + static_cast<std::size_t>(step) * shape.n * words_of(shape.m);
  }
  MMHPARSE_DEVICE std::uint8_t* capped_of(int step, Shape shape) const {
    return capped + static_cast<std::size_t>(step) * (shape.n + shape.stride);
  }
};

// The lanes of max(Z - u 1^T - 1 v^T, 0) from entry (i, j) on.
struct PlanOfDuals {
  const double* z;     // (n, stride)
  const double* dual;  // (n + stride) u, then v
  Shape shape;

  MMHPARSE_DEVICE Lanes<double> operator()(int i, int j) const {
    return positive_part(load(z + static_cast<std::size_t>(i) * shape.stride + j) - dual[i] - load(dual + shape.n + j));
  }
};

// Projections of one problem; each starts from the duals of the last.
class ExactProjection {
 public:
  MMHPARSE_DEVICE ExactProjection(Arena& arena, int rows, int columns, int stride)
      : z_(arena.take<double>(static_cast<std::size_t>(rows) * stride)),
        dual_(arena.take<double>(rows + stride)),
        trial_(arena.take<double>(rows + stride)),
        active_(arena.take<std::uint32_t>(static_cast<std::size_t>(rows) * words_of(columns))),
        system_(arena, rows, columns, stride) {}

  // The point to project, (n, stride); the caller fills it before each projection, with negative numbers beyond column
  // m.
  MMHPARSE_DEVICE double* point() const { return z_; }

  template <typename Team>
  MMHPARSE_DEVICE void start(Team& team, Shape shape) {
    for (int k = team.rank(); k < shape.n + shape.stride; k += team.size()) dual_[k] = 0;
    team.sync();
  }

  // Replaces x (n, stride) by the projection of the point.
  template <typename Team>
  MMHPARSE_DEVICE void project(Team& team, double* x, Shape shape) {
    system_.active = active_;
    minimise_alternately(team, shape);
    Optimality reached;
    bool alternate = true;
    for (int iteration = 0; iteration < kMaxIterations; ++iteration) {
      if (alternate) {
        minimise_alternately(team, shape);
        reached = evaluate(team, dual_, shape);
        if (reached.is_optimal()) break;
      }
      alternate = !newton_step(team, &reached, shape);
      if (reached.is_optimal()) break;
    }
    const PlanOfDuals plan{z_, dual_, shape};
    for (int i = team.rank(); i < shape.n; i += team.size())
      for (int j = 0; j < shape.m; j += kLanes<double>)
        store<double>(plan(i, j), x + static_cast<std::size_t>(i) * shape.stride + j);
    team.sync();
  }

  // Records in the trace which entries are positive and which sums are capped after step `step`.
  template <typename Team>
  MMHPARSE_DEVICE void record(Team& team, const double* x, Shape shape, int step, ExactTrace trace) const {
    const auto plan = [=](int i, int j) { return load(x + static_cast<std::size_t>(i) * shape.stride + j); };
    mark_positive(team, plan, shape, trace.active_of(step, shape));
    std::uint8_t* capped = trace.capped_of(step, shape);
    for (int k = team.rank(); k < shape.n + shape.stride; k += team.size()) capped[k] = dual_[k] > 0;
    team.sync();
  }

  // Replaces the gradient with respect to a projection, (n, stride), by that with respect to its point.
  template <typename Team>
  MMHPARSE_DEVICE void backward(Team& team, double* grad, Shape shape, int step, ExactTrace trace) {
    system_.active = trace.active_of(step, shape);
    const std::uint8_t* capped = trace.capped_of(step, shape);
    for (int k = team.rank(); k < shape.n + shape.stride; k += team.size()) system_.chosen[k] = capped[k];
    for (int i = team.rank(); i < shape.n; i += team.size())
      for (int j = 0; j < shape.m; j += kLanes<double>) {
        double* entries = grad + static_cast<std::size_t>(i) * shape.stride + j;
        store<double>(keep(flags_at(system_.active, shape, i, j), load(entries)), entries);
      }
    team.sync();
    // often none remain, as steps near the optimum leave the same trace; a second time, against rounding errors of the
    // first
    for (int repeat = 0; repeat < 2 && sums_remain(team, grad, shape); ++repeat) remove_sums(team, grad, shape);
  }

 private:
  // How well duals fulfil the optimality conditions.
  struct Optimality {
    double violation;  // the sum of squares of what capped sums differ from 1, and others exceed it
    double phi;        // the dual objective

    MMHPARSE_DEVICE bool is_optimal() const { return violation <= kExactTolerance * kExactTolerance; }
  };

  // Writes which of the entries (i, j) are positive into bits (n, words of m).
  template <typename Team, typename Entry>
  static MMHPARSE_DEVICE void mark_positive(Team& team, Entry entry, Shape shape, std::uint32_t* bits) {
    for (int i = team.rank(); i < shape.n; i += team.size()) {
      std::uint32_t* words = bits + static_cast<std::size_t>(i) * words_of(shape.m);
      for (int j = 0; j < shape.m; j += kLanes<double>) {
        const Flags<double> positive = above<double>(entry(i, j), Lanes<double>{});
        words[j / 32] = (j % 32 == 0 ? 0 : words[j / 32]) | pack_flags<double>(positive, j % 32);
      }
    }
  }

  // Sums the rows and columns of the gradient into the right-hand side of the system; returns whether those that are
  // capped are more than rounding errors.
  template <typename Team>
  MMHPARSE_DEVICE bool sums_remain(Team& team, const double* grad, Shape shape) const {
    const DualSystem& system = system_;
    const auto entry = [=](int i, int j) { return load(grad + static_cast<std::size_t>(i) * shape.stride + j); };
    double row_squares = 0;
    Lanes<double> squares = {}, column_squares = {};
    for (int i = team.rank(); i < shape.n; i += team.size()) {
      Lanes<double> sum = {};
      for (int j = 0; j < shape.m; j += kLanes<double>) {
        sum += entry(i, j);
        squares += entry(i, j) * entry(i, j);
      }
      system.right[i] = total_of(sum);
      row_squares += system.chosen[i] * system.right[i] * system.right[i];
    }
    for_each_column_sum(team, shape, entry, [&](int j, Lanes<double> sum) {
      store<double>(sum, system.right + shape.n + j);
      column_squares += load(system.chosen + shape.n + j) * sum * sum;
    });
    return team.sum(row_squares + total_of(column_squares)) >
           kExactTolerance * kExactTolerance * team.sum(total_of(squares));
  }

  // Projects the gradient, which is 0 outside of the active entries, orthogonally onto the matrices of that kind whose
  // capped rows and columns sum to 0; the right-hand side of the system holds their sums.
  template <typename Team>
  MMHPARSE_DEVICE void remove_sums(Team& team, double* grad, Shape shape) const {
    solve_dual_system(team, system_, shape);
    const double* shift = system_.solution;
    for (int i = team.rank(); i < shape.n; i += team.size())
      for (int j = 0; j < shape.m; j += kLanes<double>) {
        double* entries = grad + static_cast<std::size_t>(i) * shape.stride + j;
        const Lanes<double> moved = keep(flags_at(system_.active, shape, i, j), shift[i] + load(shift + shape.n + j));
        store<double>(load(entries) - moved, entries);
      }
    team.sync();
  }

  // Minimises phi over u, then over v.
  template <typename Team>
  MMHPARSE_DEVICE void minimise_alternately(Team& team, Shape shape) {
    const int together = shape.n / kRowsTogether * kRowsTogether;
    for (int i = team.rank() * kRowsTogether; i < together; i += team.size() * kRowsTogether)
      minimise_rows<kRowsTogether>(i, shape);
    for (int i = together; i < shape.n; ++i) minimise_rows<1>(i, shape);  // the rest, on a CPU
    team.sync();
    const double* u = dual_;
    double* v = dual_ + shape.n;
    for (int j = team.rank() * kLanes<double>; j < shape.m; j += team.size() * kLanes<double>) {
      const double* column = z_ + j;
      const auto entry = [=](int i) { return load(column + static_cast<std::size_t>(i) * shape.stride) - u[i]; };
      Lanes<double> threshold = load(v + j);
      column_thresholds<double>(shape.n, entry, entry, [](int, Lanes<double>, Flags<double>) {}, threshold);
      store<double>(threshold, v + j);
    }
    team.sync();
  }

  // Minimises phi over the duals of kRows neighbouring rows, the first of which has index i.
  template <int kRows>
  MMHPARSE_DEVICE void minimise_rows(int i, Shape shape) {
    const double* rows = z_ + static_cast<std::size_t>(i) * shape.stride;
    const double* v = dual_ + shape.n;
    const auto entry = [=](int r, int j) { return load(rows + r * shape.stride + j) - load(v + j); };
    row_thresholds<kRows>(shape.m, entry, entry, [](int, int, Lanes<double>, Flags<double>) {}, dual_ + i);
  }

  // Tells how well the duals fulfil the optimality conditions, and sets up the Newton system there.
  template <typename Team>
  MMHPARSE_DEVICE Optimality evaluate(Team& team, const double* dual, Shape shape) {
    const PlanOfDuals plan{z_, dual, shape};
    mark_positive(team, plan, shape, active_);
    Lanes<double> squares = {}, violations = {};
    double row_violation = 0, sum_of_duals = 0;
    for (int i = team.rank(); i < shape.n; i += team.size()) {
      Lanes<double> sum = {};
      for (int j = 0; j < shape.m; j += kLanes<double>) {
        const Lanes<double> x = plan(i, j);
        sum += x;
        squares += x * x;
      }
      const double excess = total_of(sum) - 1;
      const bool counts = dual[i] > 0 || excess > 0;
      system_.right[i] = excess;
      system_.chosen[i] = counts;
      row_violation += counts ? excess * excess : 0;
      sum_of_duals += dual[i];
    }
    Lanes<double> column_duals = {};
    for_each_column_sum(team, shape, plan, [&](int j, Lanes<double> sum) {
      const Lanes<double> v = load(dual + shape.n + j), excess = sum - 1, zero = {};
      const Lanes<double> counted = keep(above<double>(v, zero) | above<double>(excess, zero), splat(1.));
      store<double>(excess, system_.right + shape.n + j);
      store<double>(counted, system_.chosen + shape.n + j);
      violations += counted * excess * excess;
      column_duals += v;
    });
    return {team.sum(row_violation + total_of(violations)),
            team.sum(total_of(squares / 2 + column_duals) + sum_of_duals)};
  }

  // Takes the longest of four fractions of the Newton step that does not increase phi, or none if all do, and updates
  // how well the duals fulfil the conditions. Returns whether it was the whole step and decreased phi.
  template <typename Team>
  MMHPARSE_DEVICE bool newton_step(Team& team, Optimality* reached, Shape shape) {
    solve_dual_system(team, system_, shape);
    for (double fraction = 1; fraction > 0.01; fraction /= 4) {
      for (int k = team.rank(); k < shape.n + shape.stride; k += team.size()) {
        const double moved = dual_[k] + fraction * system_.solution[k];
        trial_[k] = moved > 0 ? moved : 0;
      }
      team.sync();
      const Optimality there = evaluate(team, trial_, shape);
      if (there.phi > reached->phi && !there.is_optimal()) continue;
      double* before = dual_;
      dual_ = trial_;
      trial_ = before;
      const bool lower = there.phi < reached->phi;
      *reached = there;
      return lower && fraction == 1;
    }
    return false;
  }

  double* z_;              // (n, stride)
  double* dual_;           // (n + stride) u, then v
  double* trial_;          // (n + stride) the duals of a line search
  std::uint32_t* active_;  // (n, words of m) bits of the entries that are positive at the duals of the last evaluation
  DualSystem system_;
};

}  // namespace MMHPARSE_NAMESPACE
