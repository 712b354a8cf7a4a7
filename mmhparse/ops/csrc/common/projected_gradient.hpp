// Projected gradient on one relaxed matching, X_{k+1} = Proj(X_k + step_size * score) from X_0 = 0, and its gradient.
//
// A plan that a step leaves unchanged, bit for bit, is a fixed point: the remaining steps are not run, and in the
// backward pass each of them reuses the trace of the last step that was.
#pragma once

#include "dykstra.hpp"
#include "exact_projection.hpp"
#include "options.h"

namespace MMHPARSE_NAMESPACE {

// Projections by `cycles` cycles of Dykstra's algorithm, computed in the type of the problem.
template <typename T>
class UnrolledSteps {
 public:
  using Real = T;
  using Layout = Core<T>;

  MMHPARSE_DEVICE UnrolledSteps(Arena& arena, Arena* trace, int rows, int columns, int stride, mmhparse::Options options)
      : by_rows_(arena.take<T>(static_cast<std::size_t>(rows) * stride)),
        by_columns_(arena.take<T>(static_cast<std::size_t>(rows) * stride)),
        buffer_(arena.take<T>(kInPlace ? 0 : max_of(kRowsTogether * stride, rows * kLanes<T>))),
        row_thresholds_(arena.take<T>(rows)),
        column_thresholds_(arena.take<T>(stride)),
        row_changes_(arena.take<T>(static_cast<std::size_t>(rows) * options.cycles)),
        column_changes_(arena.take<T>(static_cast<std::size_t>(stride) * options.cycles)),
        options_(options) {
    if (!trace) return;
    const std::size_t words = max_of(rows * words_of(columns), words_of(rows) * stride);
    trace_ = DykstraTrace(*trace, words, max_of(rows, stride), 2 * std::size_t(options.steps) * options.cycles);
  }

  static MMHPARSE_DEVICE T padding() { return 0; }

  template <typename Team>
  MMHPARSE_DEVICE void start(Team& team, const Core<T>& core) {
    const int n = core.n(), stride = core.stride;
    for (int k = team.rank(); k < n * options_.cycles; k += team.size()) row_changes_[k] = 0;
    for (int k = team.rank(); k < stride * options_.cycles; k += team.size()) column_changes_[k] = 0;
    team.sync();
  }

  // Writes the projection of from + move into x; all are (n, stride).
  template <bool kTraced, typename Team>
  MMHPARSE_DEVICE void forward(Team& team, const T* from, const T* move, T* x, const Core<T>& core, int step) {
    const int n = core.n(), m = core.m(), stride = core.stride;
    for (int k = team.rank(); k < n * stride; k += team.size()) by_columns_[k] = 0;
    team.sync();
    for (int cycle = 0; cycle < options_.cycles; ++cycle) {
      const bool first = cycle == 0;
      project_rows<kTraced, T>(team,
                               {first ? from : x, first ? move : by_rows_, x, by_rows_, buffer_,
                                {row_thresholds_, row_changes_ + cycle * n, first}},
                               n, m, stride, trace<kTraced>(step, cycle, 0));
      project_columns<kTraced, T>(team,
                                  {x, by_columns_, x, by_columns_, buffer_,
                                   {column_thresholds_, column_changes_ + cycle * stride, first}},
                                  n, m, stride, trace<kTraced>(step, cycle, 1));
    }
  }

  // Replaces the gradient with respect to the projection, (n, stride), by that with respect to the projected point.
  template <typename Team>
  MMHPARSE_DEVICE void backward(Team& team, T* grad, const Core<T>& core, int step) {
    const int n = core.n(), m = core.m(), stride = core.stride;
    for (int k = team.rank(); k < n * stride; k += team.size()) by_rows_[k] = by_columns_[k] = 0;
    team.sync();
    // x + increment has one gradient for both: what a half cycle makes of its increment's, the one before takes as x's
    for (int cycle = options_.cycles - 1; cycle >= 0; --cycle) {
      const T* grad_x = cycle == options_.cycles - 1 ? grad : by_rows_;
      backward_columns(team, grad_x, by_columns_, n, m, stride, trace<true>(step, cycle, 1));
      backward_rows(team, by_columns_, by_rows_, n, m, stride, trace<true>(step, cycle, 0));
    }
    for (int k = team.rank(); k < n * stride; k += team.size()) grad[k] = by_rows_[k];
    team.sync();
  }

 private:
  template <bool kTraced>
  MMHPARSE_DEVICE ProjectionTrace trace(int step, int cycle, int half) const {
    if (!kTraced) return {nullptr, nullptr};
    return trace_.at((static_cast<std::size_t>(step) * options_.cycles + cycle) * 2 + half);
  }

  T* by_rows_;     // Dykstra's increments of the row projections, or their gradients
  T* by_columns_;  // those of the column projections
  T* buffer_;             // see HalfCycle
  T* row_thresholds_;     // (n)
  T* column_thresholds_;  // (stride)
  T* row_changes_;        // (cycles, n) of the thresholds, see Thresholds
  T* column_changes_;     // (cycles, stride)
  DykstraTrace trace_;
  mmhparse::Options options_;
};

// Exact projections, computed in double.
class ExactSteps {
 public:
  using Real = double;
  using Layout = Core<double>;

  MMHPARSE_DEVICE ExactSteps(Arena& arena, Arena* trace, int rows, int columns, int stride, mmhparse::Options options)
      : projection_(arena, rows, columns, stride) {
    if (trace) trace_ = ExactTrace(*trace, rows, columns, stride, options.steps);
  }

  static MMHPARSE_DEVICE double padding() { return -1; }  // never positive, because the duals are not negative

  template <typename Team>
  MMHPARSE_DEVICE void start(Team& team, const Core<double>& core) {
    projection_.start(team, shape_of(core));
  }

  template <bool kTraced, typename Team>
  MMHPARSE_DEVICE void forward(Team& team, const double* from, const double* move, double* x, const Core<double>& core,
                               int step) {
    const Shape shape = shape_of(core);
    double* point = projection_.point();
    for (int k = team.rank(); k < shape.n * shape.stride; k += team.size()) point[k] = from[k] + move[k];
    team.sync();
    projection_.project(team, x, shape);
    if (kTraced) projection_.record(team, x, shape, step, trace_);
  }

  template <typename Team>
  MMHPARSE_DEVICE void backward(Team& team, double* grad, const Core<double>& core, int step) {
    projection_.backward(team, grad, shape_of(core), step, trace_);
  }

 private:
  static MMHPARSE_DEVICE Shape shape_of(const Core<double>& core) { return {core.n(), core.m(), core.stride}; }

  ExactProjection projection_;
  ExactTrace trace_;
};

// One problem and the arrays to solve it in. The gradient needs a trace of the steps, in bits; it has an arena of its
// own if it is kept from the forward to the backward pass.
template <typename Steps>
class ProjectedGradient {
 public:
  using Real = typename Steps::Real;

  MMHPARSE_DEVICE ProjectedGradient(Arena& arena, Arena* trace, int max_rows, int max_columns, int max_stride,
                                   mmhparse::Options options)
      : layout_(arena, max_rows, max_columns),
        move_(arena.take<Real>(static_cast<std::size_t>(max_rows) * max_stride)),
        x_(arena.take<Real>(static_cast<std::size_t>(max_rows) * max_stride)),
        before_(arena.take<Real>(static_cast<std::size_t>(max_rows) * max_stride)),
        steps_(arena, trace, max_rows, max_columns, max_stride, options),
        steps_run_(trace ? trace->template take<int>(1) : nullptr),
        options_(options),
        max_columns_(max_columns),
        max_rows_(max_rows) {}

  // Writes the entries of the plan (max_rows, max_columns) that are not 0, and how far the last step moved it (the sum
  // of |dX|).
  template <bool kTraced, typename T, typename Team>
  MMHPARSE_DEVICE void forward(Team& team, const T* score, T* plan, T* moved) {
    prepare(team, score);
    const double change = run<kTraced>(team);
    layout_.scatter(team, x_, Real(1), max_columns_, plan);
    if (team.rank() == 0) *moved = static_cast<T>(change);
  }

  // Writes the entries of the gradient with respect to the score that are not 0, from that with respect to the plan.
  // Without a trace of the forward pass, the steps are run again.
  template <bool kTraced, typename T, typename Team>
  MMHPARSE_DEVICE void backward(Team& team, const T* grad_plan, const T* score, T* grad_score) {
    prepare(team, score);
    if (!kTraced) run<true>(team);
    const int length = layout_.length();
    Real* grad = x_;
    Real* sum = before_;
    layout_.gather(team, grad_plan, max_columns_, T(1), Real(0), grad);
    for (int k = team.rank(); k < length; k += team.size()) sum[k] = 0;
    for (int step = options_.steps - 1; step >= 0; --step) {
      steps_.backward(team, grad, layout_, min_of(step, *steps_run_ - 1));
      for (int k = team.rank(); k < length; k += team.size()) sum[k] += grad[k];
      team.sync();
    }
    layout_.scatter(team, sum, static_cast<Real>(options_.step_size), max_columns_, grad_score);
  }

 private:
  template <typename T, typename Team>
  MMHPARSE_DEVICE void prepare(Team& team, const T* score) {
    layout_.find(team, score, max_rows_, max_columns_);
    layout_.gather(team, score, max_columns_, static_cast<T>(options_.step_size), Steps::padding(), move_);
    for (int k = team.rank(); k < layout_.length(); k += team.size()) x_[k] = before_[k] = 0;
    steps_.start(team, layout_);
    team.sync();
  }

  // Runs steps until the plan no longer changes or all have been run; returns how far the last one moved it.
  template <bool kTraced, typename Team>
  MMHPARSE_DEVICE double run(Team& team) {
    const int length = layout_.length();
    int step = 0;
    for (bool changed = true; step < options_.steps && changed; ++step) {
      Real* before = x_;
      x_ = before_;
      before_ = before;
      steps_.template forward<kTraced>(team, before_, move_, x_, layout_, step);
      int differences = 0;
      for (int k = team.rank(); k < length; k += team.size()) differences += x_[k] != before_[k];
      changed = team.sum(differences) > 0;
    }
    double change = 0;
    for (int k = team.rank(); k < length; k += team.size()) {
      const double delta = x_[k] - before_[k];
      change += delta > 0 ? delta : -delta;
    }
    change = team.sum(change);
    if (kTraced && team.rank() == 0) *steps_run_ = step;
    team.sync();
    return change;
  }

  typename Steps::Layout layout_;
  Real* move_;    // (n, stride) step_size * score
  Real* x_;       // (n, stride) the plan; in the backward pass the gradient
  Real* before_;  // (n, stride) the plan before the step; in the backward pass the sum of gradients
  Steps steps_;
  int* steps_run_;  // part of the trace
  mmhparse::Options options_;
  int max_columns_;
  int max_rows_;
};

}  // namespace MMHPARSE_NAMESPACE
