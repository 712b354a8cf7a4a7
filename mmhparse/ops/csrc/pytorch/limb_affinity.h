// What the kernels of limb affinity on all devices share.
#pragma once

#include <ATen/ATen.h>

#include "../common/limb_affinity.hpp"

namespace mmhparse {

// Both raise ValueError or TypeError for arguments of a wrong shape, type, device or range. The joint types in `limbs`
// are checked by each device.
LimbSizes checked_sizes(const at::Tensor& xy, const at::Tensor& limb_fields, const at::Tensor& limbs, int64_t stride,
                        int64_t samples);
void check_affinity_gradient(const at::Tensor& grad_affinity, const at::Tensor& limb_fields, const LimbSizes& sizes);

}  // namespace mmhparse
