// How a function is marked that CPU and GPU share.
#pragma once

#if defined(__CUDACC__)
#define MMHPARSE_DEVICE __host__ __device__ __forceinline__
#define MMHPARSE_DEVICE_CALL MMHPARSE_DEVICE
#else
#define MMHPARSE_DEVICE inline __attribute__((always_inline))
// For loops that need many registers: on a CPU a function of its own, because amid the solver's arrays none are left.
#define MMHPARSE_DEVICE_CALL __attribute__((noinline, flatten))
#endif
