// Asks for all CUDA kernels, so that nvcc compiles them.
#include "limb_affinity_cuda_kernel.cuh"
#include "projected_gradient_cuda_kernel.cuh"

template <typename Steps, bool kShared, typename T>
void* const kernels[] = {
    reinterpret_cast<void*>(&mmhparse::projected_gradient_cuda_kernel<Steps, kShared, T>),
    reinterpret_cast<void*>(&mmhparse::projected_gradient_backward_cuda_kernel<Steps, kShared, T>),
};

template <bool kShared>
void* const* const by_steps[] = {
    kernels<mmhparse::UnrolledSteps<float>, kShared, float>,
    kernels<mmhparse::UnrolledSteps<double>, kShared, double>,
    kernels<mmhparse::ExactSteps, kShared, float>,
    kernels<mmhparse::ExactSteps, kShared, double>,
};

void* const* const* every_kernel(bool shared) { return shared ? by_steps<true> : by_steps<false>; }

template <typename T>
void* const limb_kernels[] = {
    reinterpret_cast<void*>(&mmhparse::limb_affinity_cuda_kernel<T>),
    reinterpret_cast<void*>(&mmhparse::limb_affinity_backward_cuda_kernel<T>),
};

void* const* every_limb_kernel(bool single) { return single ? limb_kernels<float> : limb_kernels<double>; }
