// Projected gradient on GPUs: chooses the memory of a problem and the number of blocks, and launches the kernels.
#include <ATen/ATen.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/library.h>

#include <algorithm>
#include <limits>
#include <tuple>

#include "../../common/cuda/projected_gradient_cuda_kernel.cuh"
#include "../projected_gradient.h"

namespace mmhparse {
namespace {

int device_attribute(cudaDeviceAttr attribute) {
  int value = 0;
  C10_CUDA_CHECK(cudaDeviceGetAttribute(&value, attribute, c10::cuda::current_device()));
  return value;
}

// Allows a kernel all the shared memory that the device has for a block, and returns whether `bytes` fit into it.
template <typename Kernel>
bool fits_in_shared_memory(Kernel kernel, std::size_t bytes) {
  cudaFuncAttributes attributes;
  C10_CUDA_CHECK(cudaFuncGetAttributes(&attributes, kernel));
  const int limit =
      device_attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin) - static_cast<int>(attributes.sharedSizeBytes);
  // the full limit in every call, because another host thread may be about to launch the kernel with more bytes
  C10_CUDA_CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, limit));
  return bytes <= static_cast<std::size_t>(limit);
}

// Launches one of two builds of a kernel: with a problem in shared memory if it fits, else in global memory.
template <typename Steps, typename Kernel, typename... Arrays>
void launch(Kernel with_shared, Kernel with_global, const at::Tensor& score, const Options& options, bool backward,
            Arrays... arrays) {
  if (score.numel() == 0) return;
  Problems problems{score.size(0), static_cast<int>(score.size(1)), static_cast<int>(score.size(2)), options};
  problems.bytes = bytes_for<Steps>(problems, backward);
  const auto stream = c10::cuda::getCurrentCUDAStream();
  const int threads = threads_for(problems.rows, problems.columns);
  if (fits_in_shared_memory(with_shared, problems.bytes)) {
    const auto blocks = std::min<int64_t>(problems.count, std::numeric_limits<int>::max());
    with_shared<<<blocks, threads, problems.bytes, stream>>>(problems, arrays...);
    C10_CUDA_KERNEL_LAUNCH_CHECK();
  } else {
    // one block for each multiprocessor, so that the workspace does not grow with the batch
    const auto blocks = std::min<int64_t>(problems.count, device_attribute(cudaDevAttrMultiProcessorCount));
    const auto bytes = static_cast<int64_t>(blocks * problems.bytes);
    const at::Tensor workspace = at::empty({bytes}, score.options().dtype(at::kByte));
    problems.workspace = reinterpret_cast<char*>(workspace.mutable_data_ptr<std::uint8_t>());
    with_global<<<blocks, threads, 0, stream>>>(problems, arrays...);
    C10_CUDA_KERNEL_LAUNCH_CHECK();
  }
}

template <typename Steps, typename T>
void launch_forward(const at::Tensor& score, const Options& options, at::Tensor& plan, at::Tensor& moved) {
  launch<Steps>(projected_gradient_cuda_kernel<Steps, true, T>, projected_gradient_cuda_kernel<Steps, false, T>, score,
                options, false, score.const_data_ptr<T>(), plan.mutable_data_ptr<T>(), moved.mutable_data_ptr<T>());
}

template <typename Steps, typename T>
void launch_backward(const at::Tensor& grad_plan, const at::Tensor& score, const Options& options,
                     at::Tensor& grad_score) {
  launch<Steps>(projected_gradient_backward_cuda_kernel<Steps, true, T>,
                projected_gradient_backward_cuda_kernel<Steps, false, T>, score, options, true,
                grad_plan.const_data_ptr<T>(), score.const_data_ptr<T>(), grad_score.mutable_data_ptr<T>());
}

// No trace is kept: it would be written to and read from global memory.
std::tuple<at::Tensor, at::Tensor, at::Tensor> projected_gradient(const at::Tensor& score, int64_t steps,
                                                                  double step_size, int64_t cycles,
                                                                  int64_t trace_bytes) {
  const Options options = options_of(steps, step_size, cycles);
  check_options(score, options);
  TORCH_CHECK_VALUE(trace_bytes == 0, "trace_bytes must be 0 on a GPU, got ", trace_bytes, ".");
  const c10::cuda::OptionalCUDAGuard guard(score.device());
  const at::Tensor dense = score.contiguous();
  at::Tensor plan = at::zeros(score.sizes(), score.options());
  at::Tensor moved = at::zeros({score.size(0)}, score.options());
  AT_DISPATCH_FLOATING_TYPES(score.scalar_type(), "projected_gradient", [&] {
    const auto run = options.cycles > 0 ? launch_forward<UnrolledSteps<scalar_t>, scalar_t>
                                        : launch_forward<ExactSteps, scalar_t>;
    run(dense, options, plan, moved);
  });
  return {plan, moved, at::empty({score.size(0), 0}, score.options().dtype(at::kByte))};
}

at::Tensor projected_gradient_backward(const at::Tensor& grad_plan, const at::Tensor& score, const at::Tensor&,
                                       int64_t steps, double step_size, int64_t cycles) {
  const Options options = options_of(steps, step_size, cycles);
  check_options(score, options);
  check_gradient(grad_plan, score);
  const c10::cuda::OptionalCUDAGuard guard(score.device());
  const at::Tensor dense = score.contiguous();
  const at::Tensor dense_grad = grad_plan.contiguous();
  at::Tensor grad_score = at::zeros(score.sizes(), score.options());
  AT_DISPATCH_FLOATING_TYPES(score.scalar_type(), "projected_gradient_backward", [&] {
    const auto run = options.cycles > 0 ? launch_backward<UnrolledSteps<scalar_t>, scalar_t>
                                        : launch_backward<ExactSteps, scalar_t>;
    run(dense_grad, dense, options, grad_score);
  });
  return grad_score;
}

}  // namespace
}  // namespace mmhparse

TORCH_LIBRARY_IMPL(mmhparse, CUDA, library) {
  library.impl("projected_gradient", &mmhparse::projected_gradient);
  library.impl("projected_gradient_backward", &mmhparse::projected_gradient_backward);
}
