// Limb affinity on GPUs: checks the tensors and launches the kernels on the current stream.
#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/Dispatch.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/library.h>

#include "../../common/cuda/limb_affinity_cuda_kernel.cuh"
#include "../limb_affinity.h"

namespace mmhparse {
namespace {

// Arguments that were checked, contiguous; the tensors must outlive the pointers into them.
struct DenseInputs {
  LimbSizes size;
  int64_t stride;
  at::Tensor xy, limb_fields, limbs;

  DenseInputs(const at::Tensor& xy, const at::Tensor& limb_fields, const at::Tensor& limbs, int64_t stride,
              int64_t samples)
      : size(checked_sizes(xy, limb_fields, limbs, stride, samples)),
        stride(stride),
        xy(xy.contiguous()),
        limb_fields(limb_fields.contiguous()),
        limbs(limbs.contiguous()) {}

  template <typename T>
  LimbInputs<T> pointers() const {
    return {size, static_cast<T>(stride), xy.const_data_ptr<T>(), limb_fields.const_data_ptr<T>(),
            limbs.const_data_ptr<int64_t>()};
  }
};

at::Tensor limb_affinity(const at::Tensor& xy, const at::Tensor& limb_fields, const at::Tensor& limbs, int64_t stride,
                         int64_t samples) {
  const DenseInputs dense(xy, limb_fields, limbs, stride, samples);
  const c10::cuda::OptionalCUDAGuard guard(limb_fields.device());
  const LimbSizes& size = dense.size;
  at::Tensor affinity = at::empty({size.images, size.limbs, size.candidates, size.candidates}, xy.options());
  if (size.links() == 0) return affinity;
  AT_DISPATCH_FLOATING_TYPES(xy.scalar_type(), "limb_affinity", [&] {
    limb_affinity_cuda_kernel<scalar_t>
        <<<link_blocks_for(size.links()), kLinkThreads, 0, c10::cuda::getCurrentCUDAStream()>>>(
            dense.pointers<scalar_t>(), affinity.mutable_data_ptr<scalar_t>());
    C10_CUDA_KERNEL_LAUNCH_CHECK();
  });
  return affinity;
}

at::Tensor limb_affinity_backward(const at::Tensor& grad_affinity, const at::Tensor& xy, const at::Tensor& limb_fields,
                                  const at::Tensor& limbs, int64_t stride, int64_t samples) {
  // as torch's own backward pass of grid_sample: an error, or a warning, under use_deterministic_algorithms
  at::globalContext().alertNotDeterministic("limb_affinity_backward_cuda");
  const DenseInputs dense(xy, limb_fields, limbs, stride, samples);
  const c10::cuda::OptionalCUDAGuard guard(limb_fields.device());
  const LimbSizes& size = dense.size;
  check_affinity_gradient(grad_affinity, limb_fields, size);
  const at::Tensor dense_grad = grad_affinity.contiguous();
  at::Tensor grad_fields = at::zeros(limb_fields.sizes(), limb_fields.options());
  if (size.links() == 0) return grad_fields;
  AT_DISPATCH_FLOATING_TYPES(xy.scalar_type(), "limb_affinity_backward", [&] {
    limb_affinity_backward_cuda_kernel<scalar_t>
        <<<link_blocks_for(size.links()), kLinkThreads, 0, c10::cuda::getCurrentCUDAStream()>>>(
            dense.pointers<scalar_t>(), dense_grad.const_data_ptr<scalar_t>(),
            grad_fields.mutable_data_ptr<scalar_t>());
    C10_CUDA_KERNEL_LAUNCH_CHECK();
  });
  return grad_fields;
}

}  // namespace
}  // namespace mmhparse

TORCH_LIBRARY_IMPL(mmhparse, CUDA, library) {
  library.impl("limb_affinity", &mmhparse::limb_affinity);
  library.impl("limb_affinity_backward", &mmhparse::limb_affinity_backward);
}
