// The steps of projected gradient by cycles of Dykstra's algorithm, for the links alone; they compute what
// UnrolledSteps computes. For a team of one thread on a CPU.
//
// Rows and columns are both projected as columns are there, lane by lane, each in an arrangement of their own
// (links.hpp). From one half cycle to the next, the plan is copied between the arrangements; increments stay.
#pragma once

#include "dykstra.hpp"
#include "links.hpp"
#include "options.h"

namespace MMHPARSE_NAMESPACE {

template <typename T>
class SparseSteps {
 public:
  using Real = T;
  using Layout = Links<T>;

  MMHPARSE_DEVICE SparseSteps(Arena& arena, Arena* trace, int rows, int columns, int stride, mmhparse::Options options)
      : by_rows_(arena, padded_to(rows, kLanes<T>), columns, options.cycles),
        by_columns_(arena, stride, rows, options.cycles),
        x_by_rows_(arena.take<T>(static_cast<std::size_t>(padded_to(rows, kLanes<T>)) * columns)),
        buffer_(arena.take<T>(max_of(rows, columns) * kLanes<T>)),
        options_(options) {
    if (!trace) return;
    const int lines = max_of(padded_to(rows, kLanes<T>), stride);
    const std::size_t words = max_of(words_of(columns) * padded_to(rows, kLanes<T>), words_of(rows) * stride);
    trace_ = DykstraTrace(*trace, words, lines, 2 * std::size_t(options.steps) * options.cycles);
  }

  MMHPARSE_DEVICE static T padding() { return 0; }

  template <typename Team>
  MMHPARSE_DEVICE void start(Team&, const Links<T>& links) {
    for (int k = 0; k < links.by_rows.lines() * options_.cycles; ++k) by_rows_.changes[k] = 0;
    for (int k = 0; k < links.by_columns.lines() * options_.cycles; ++k) by_columns_.changes[k] = 0;
    for (int k = 0; k < links.by_rows.length(); ++k) x_by_rows_[k] = 0;
  }

  // Writes the projection of from + move into x; all are arranged by columns.
  template <bool kTraced, typename Team>
  MMHPARSE_DEVICE void forward(Team&, const T* from, const T* move, T* x, const Links<T>& links, int step) {
    for (int k = 0; k < links.by_rows.length(); ++k) by_rows_.increments[k] = 0;
    for (int k = 0; k < links.length(); ++k) x[k] = from[k] + move[k], by_columns_.increments[k] = 0;
    for (int cycle = 0; cycle < options_.cycles; ++cycle) {
      links.copy_to_rows(x, x_by_rows_);
      project<kTraced>(links.by_rows, by_rows_, x_by_rows_, cycle, trace<kTraced>(step, cycle, 0));
      links.copy_to_columns(x_by_rows_, x);
      project<kTraced>(links.by_columns, by_columns_, x, cycle, trace<kTraced>(step, cycle, 1));
    }
  }

  // Replaces the gradient with respect to the projection, arranged by columns, by that with respect to the projected
  // point.
  template <typename Team>
  MMHPARSE_DEVICE void backward(Team&, T* grad, const Links<T>& links, int step) {
    for (int k = 0; k < links.by_rows.length(); ++k) by_rows_.increments[k] = 0;
    for (int k = 0; k < links.length(); ++k) by_columns_.increments[k] = 0;
    for (int cycle = options_.cycles - 1; cycle >= 0; --cycle) {
      backward(links.by_columns, grad, by_columns_.increments, trace<true>(step, cycle, 1));
      links.copy_to_rows(by_columns_.increments, x_by_rows_);
      backward(links.by_rows, x_by_rows_, by_rows_.increments, trace<true>(step, cycle, 0));
      links.copy_to_columns(by_rows_.increments, grad);
    }
  }

 private:
  // What the projections in one arrangement keep.
  struct Side {
    T* increments;  // Dykstra's, or their gradients
    T* thresholds;  // (lines)
    T* changes;     // (cycles, lines) see Thresholds

    MMHPARSE_DEVICE Side(Arena& arena, int lines, int most_links, int cycles)
        : increments(arena.take<T>(static_cast<std::size_t>(lines) * most_links)),
          thresholds(arena.take<T>(lines)),
          changes(arena.take<T>(static_cast<std::size_t>(lines) * cycles)) {}
  };

  template <bool kTraced>
  MMHPARSE_DEVICE void project(const Arrangement<T>& arrangement, Side side, T* x, int cycle, ProjectionTrace trace) {
    const int lines = arrangement.lines();
    const HalfCycle<T> half{x, side.increments, x, side.increments, buffer_,
                            {side.thresholds, side.changes + cycle * lines, cycle == 0}};
    for (int b = 0; b < arrangement.blocks; ++b)
      project_column_block<kTraced>(half.from_number(arrangement.start(b)), b * kLanes<T>, arrangement.height(b),
                                    kLanes<T>, lines, trace);
  }

  MMHPARSE_DEVICE void backward(const Arrangement<T>& arrangement, const T* grad_x, T* grad_increments,
                                ProjectionTrace trace) {
    for (int b = 0; b < arrangement.blocks; ++b) {
      const int start = arrangement.start(b);
      backward_column_block(grad_x + start, grad_increments + start, b * kLanes<T>, arrangement.height(b), kLanes<T>,
                            arrangement.lines(), trace);
    }
  }

  template <bool kTraced>
  MMHPARSE_DEVICE ProjectionTrace trace(int step, int cycle, int half) const {
    if (!kTraced) return {nullptr, nullptr};
    return trace_.at((static_cast<std::size_t>(step) * options_.cycles + cycle) * 2 + half);
  }

  Side by_rows_, by_columns_;
  T* x_by_rows_;  // the plan, or its gradient, arranged by rows
  T* buffer_;     // see HalfCycle
  DykstraTrace trace_;
  mmhparse::Options options_;
};

}  // namespace MMHPARSE_NAMESPACE
