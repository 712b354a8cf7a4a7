// The schemas of limb affinity, and the checks that every device needs. Each device registers its own kernels.
#include "limb_affinity.h"

#include <torch/library.h>

namespace mmhparse {

LimbSizes checked_sizes(const at::Tensor& xy, const at::Tensor& limb_fields, const at::Tensor& limbs, int64_t stride,
                        int64_t samples) {
  TORCH_CHECK_VALUE(xy.dim() == 4 && xy.size(3) == 2, "xy must be (B, K, N, 2), got ", xy.sizes(), ".");
  TORCH_CHECK_VALUE(limb_fields.dim() == 5 && limb_fields.size(0) == xy.size(0) && limb_fields.size(2) == 2,
                    "limb_fields must be (B, L, 2, h, w) of the ", xy.size(0), " images of xy, got ",
                    limb_fields.sizes(), ".");
  TORCH_CHECK_VALUE(limb_fields.size(3) > 1 && limb_fields.size(4) > 1,
                    "limb_fields must have 2 x 2 cells or more, got ", limb_fields.sizes(), ".");
  // so that an int counts the cells of both planes of a field
  TORCH_CHECK_VALUE(limb_fields.size(3) * limb_fields.size(4) < 1 << 30,
                    "limb_fields must have fewer than 2^30 cells, got ", limb_fields.sizes(), ".");
  TORCH_CHECK_VALUE(limbs.dim() == 2 && limbs.size(0) == limb_fields.size(1) && limbs.size(1) == 2,
                    "limbs must be (L, 2) of the ", limb_fields.size(1), " limbs of limb_fields, got ", limbs.sizes(),
                    ".");
  TORCH_CHECK_TYPE(xy.scalar_type() == limb_fields.scalar_type() &&
                       (xy.scalar_type() == at::kFloat || xy.scalar_type() == at::kDouble),
                   "xy and limb_fields must be float32, or both float64, got ", xy.scalar_type(), " and ",
                   limb_fields.scalar_type(), ".");
  TORCH_CHECK_TYPE(limbs.scalar_type() == at::kLong, "limbs must be int64, got ", limbs.scalar_type(), ".");
  TORCH_CHECK_VALUE(xy.device() == limb_fields.device() && limbs.device() == limb_fields.device(),
                    "xy and limbs must be on ", limb_fields.device(), " as limb_fields, got ", xy.device(), " and ",
                    limbs.device(), ".");
  TORCH_CHECK_VALUE(stride > 0 && samples > 0, "stride and samples must be positive, got ", stride, " and ", samples,
                    ".");
  // so that a float counts them
  TORCH_CHECK_VALUE(samples < 1 << 24, "samples must be fewer than 2^24, got ", samples, ".");
  return {xy.size(0),
          xy.size(1),
          xy.size(2),
          limbs.size(0),
          static_cast<int>(limb_fields.size(3)),
          static_cast<int>(limb_fields.size(4)),
          static_cast<int>(samples)};
}

void check_affinity_gradient(const at::Tensor& grad_affinity, const at::Tensor& limb_fields, const LimbSizes& sizes) {
  const std::int64_t expected[] = {sizes.images, sizes.limbs, sizes.candidates, sizes.candidates};
  TORCH_CHECK_VALUE(grad_affinity.sizes() == at::IntArrayRef(expected), "grad_affinity must be (B, L, N, N), ",
                    at::IntArrayRef(expected), ", got ", grad_affinity.sizes(), ".");
  TORCH_CHECK_TYPE(grad_affinity.scalar_type() == limb_fields.scalar_type(), "grad_affinity must be ",
                   limb_fields.scalar_type(), " as limb_fields, got ", grad_affinity.scalar_type(), ".");
  TORCH_CHECK_VALUE(grad_affinity.device() == limb_fields.device(), "grad_affinity must be on ", limb_fields.device(),
                    " as limb_fields, got ", grad_affinity.device(), ".");
}

}  // namespace mmhparse

TORCH_LIBRARY_FRAGMENT(mmhparse, library) {
  library.def("limb_affinity(Tensor xy, Tensor limb_fields, Tensor limbs, int stride, int samples) -> Tensor");
  // of the listed links alone, without a gradient
  library.def(
      "pair_affinity(Tensor xy, Tensor limb_fields, Tensor limbs, Tensor links, int stride, int samples) -> Tensor");
  // the gradient of limb_fields; candidates have none
  library.def(
      "limb_affinity_backward(Tensor grad_affinity, Tensor xy, Tensor limb_fields, Tensor limbs, int stride, "
      "int samples) -> Tensor");
}
