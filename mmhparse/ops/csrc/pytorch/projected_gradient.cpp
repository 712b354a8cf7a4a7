// The schemas of projected gradient, and the checks that every device needs. Each device registers its own kernels.
#include "projected_gradient.h"

#include <torch/library.h>

#include <limits>

namespace mmhparse {

void check_options(const at::Tensor& score, const Options& options) {
  TORCH_CHECK_VALUE(score.dim() == 3, "score must be (B, N, M), got ", score.sizes(), ".");
  TORCH_CHECK_TYPE(score.scalar_type() == at::kFloat || score.scalar_type() == at::kDouble,
                   "score must be float32 or float64, got ", score.scalar_type(), ".");
  constexpr int64_t kMost = std::numeric_limits<int>::max() / 2;  // the padded matrix must also be indexed by an int
  TORCH_CHECK_VALUE(score.size(1) < 1 << 30 && score.size(2) < 1 << 30 && score.size(1) * score.size(2) < kMost,
                    "a problem must have fewer than ", kMost, " entries, got ", score.sizes(), ".");
  TORCH_CHECK_VALUE(options.steps > 0, "steps must be positive, got ", options.steps, ".");
  TORCH_CHECK_VALUE(options.step_size > 0, "step_size must be positive, got ", options.step_size, ".");
  TORCH_CHECK_VALUE(options.cycles >= 0, "cycles must be positive, or 0 for exact projections, got ", options.cycles,
                    ".");
}

void check_gradient(const at::Tensor& grad_plan, const at::Tensor& score) {
  TORCH_CHECK_VALUE(grad_plan.sizes() == score.sizes(), "grad_plan must have the sizes of score, ", score.sizes(),
                    ", got ", grad_plan.sizes(), ".");
  TORCH_CHECK_TYPE(grad_plan.scalar_type() == score.scalar_type(), "grad_plan must be ", score.scalar_type(),
                   " as score, got ", grad_plan.scalar_type(), ".");
  TORCH_CHECK_VALUE(grad_plan.device() == score.device(), "grad_plan must be on ", score.device(), " as score, got ",
                    grad_plan.device(), ".");
}

}  // namespace mmhparse

TORCH_LIBRARY(mmhparse, library) {
  // cycles = 0: exact projections. moved (B,): the sum of |dX| of the last step. trace (B, trace_bytes): bits of the
  // steps for the backward pass, which without a trace (trace_bytes = 0) runs the steps again
  library.def(
      "projected_gradient(Tensor score, int steps, float step_size, int cycles, SymInt trace_bytes) -> "
      "(Tensor plan, Tensor moved, Tensor trace)");
  library.def(
      "projected_gradient_backward(Tensor grad_plan, Tensor score, Tensor trace, int steps, float step_size, "
      "int cycles) -> Tensor");
}
