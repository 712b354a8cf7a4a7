// How a function is marked that CPU and GPU share.
#pragma once

#if defined(__CUDACC__)
#define MMHPARSE_DEVICE __host__ __device__ __forceinline__
#else
#define MMHPARSE_DEVICE inline __attribute__((always_inline))
#endif
