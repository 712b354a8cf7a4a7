// What the kernels of all devices share.
#pragma once

#include <ATen/ATen.h>

#include "../common/options.h"

namespace mmhparse {

// Both raise ValueError or TypeError for arguments of a wrong shape, type, device or range.
void check_options(const at::Tensor& score, const Options& options);
void check_gradient(const at::Tensor& grad_plan, const at::Tensor& score);

inline Options options_of(int64_t steps, double step_size, int64_t cycles) {
  return {static_cast<int>(steps), step_size, static_cast<int>(cycles)};
}

}  // namespace mmhparse
