// The words of CUDA that our kernels use, for a C++ compiler: a block is a team of CPU threads, blocks run one by one.
//
// Barriers are real, so that ThreadSanitizer sees what the kernel does between them; dynamic shared memory is as large as
// the launch asked for and no larger, so that AddressSanitizer sees what goes beyond. Include it before kernels.
#pragma once

#include <atomic>
#include <barrier>
#include <memory>
#include <thread>
#include <vector>

#define __device__
#define __host__
#define __global__
#define __launch_bounds__(...)
#define __shared__ static  // one for all threads of a block; the next block finds what the last one left, as on a GPU

namespace emulated {

constexpr int kWarp = 32;

struct Index {
  unsigned x = 0;
};

// What the threads of the running block share.
struct RunningBlock {
  RunningBlock(int threads, std::size_t shared_bytes)
      // what was never written is not 0, and as a float or double not a sensible number
      : everybody(threads), exchanged(threads), shared(shared_bytes, '\x7f') {
    for (int w = 0; w < threads / kWarp; ++w) warps.push_back(std::make_unique<std::barrier<>>(kWarp));
  }

  std::barrier<> everybody;
  std::vector<std::unique_ptr<std::barrier<>>> warps;
  std::vector<double> exchanged;
  std::vector<char> shared;
};

inline RunningBlock* block = nullptr;

}  // namespace emulated

inline thread_local emulated::Index threadIdx, blockIdx, blockDim, gridDim;

inline void __syncthreads() { emulated::block->everybody.arrive_and_wait(); }

// All lanes take part, whatever the mask.
inline double __shfl_xor_sync(unsigned, double x, int apart) {
  const unsigned warp = threadIdx.x / emulated::kWarp;
  emulated::block->exchanged[threadIdx.x] = x;
  emulated::block->warps[warp]->arrive_and_wait();
  const double other = emulated::block->exchanged[threadIdx.x ^ apart];
  emulated::block->warps[warp]->arrive_and_wait();  // the next exchange overwrites
  return other;
}

template <typename T>
T atomicAdd(T* sum, T x) {
  return std::atomic_ref<T>(*sum).fetch_add(x);
}

namespace mmhparse {

inline char* dynamic_shared_memory() { return emulated::block->shared.data(); }

}  // namespace mmhparse

namespace emulated {

// kernel<<<blocks, threads, shared_bytes>>>(arguments...)
template <typename Kernel, typename... Arguments>
void launch(Kernel kernel, int blocks, int threads, std::size_t shared_bytes, Arguments... arguments) {
  for (int b = 0; b < blocks; ++b) {
    RunningBlock running(threads, shared_bytes);
    block = &running;
    std::vector<std::thread> team;
    for (int t = 0; t < threads; ++t)
      team.emplace_back([=] {
        threadIdx.x = t, blockIdx.x = b, blockDim.x = threads, gridDim.x = blocks;
        kernel(arguments...);
      });
    for (std::thread& thread : team) thread.join();
  }
}

}  // namespace emulated
