// Kernels of projected gradient, without torch. A block solves one problem at a time from the first step to the last:
// all arrays lie in shared memory if they fit, else in the block's own slice of a global workspace.
#pragma once

#include "../projected_gradient.hpp"

namespace mmhparse {

constexpr int kWarp = 32;
constexpr int kMaxThreads = 256;
// Blocks a multiprocessor. Shared memory limits them anyway, and a higher bound makes the compiler spill registers.
constexpr int kMinBlocks = 1;

// Rows and columns are distributed over threads, so more threads than there are of either would idle.
inline int threads_for(int rows, int columns) {
  const int useful = padded_to(rows > columns ? rows : columns, kWarp);
  return min_of(useful > 0 ? useful : kWarp, kMaxThreads);
}

// One total for each warp, double-buffered: the barrier of the next sum guarantees that all threads have read the
// totals of this one before the sum after next overwrites them.
using WarpTotals = double[2][kMaxThreads / kWarp];

// The team of all threads of a block; their number must be a multiple of the warp size.
class Block {
 public:
  __device__ explicit Block(WarpTotals& totals) : totals_(totals), buffer_(0) {}

  __device__ int rank() const { return threadIdx.x; }
  __device__ int size() const { return blockDim.x; }
  __device__ void sync() const { __syncthreads(); }

  __device__ double sum(double x) {
    // a butterfly reduction: every lane of a warp adds the same numbers in the same tree, and has the same total
    for (int apart = kWarp / 2; apart > 0; apart /= 2) x += __shfl_xor_sync(~0u, x, apart);
    double* totals = totals_[buffer_];
    buffer_ ^= 1;
    if (rank() % kWarp == 0) totals[rank() / kWarp] = x;
    __syncthreads();
    double total = 0;
    for (int warp = 0; warp < size() / kWarp; ++warp) total += totals[warp];
    return total;
  }

 private:
  WarpTotals& totals_;
  int buffer_;
};

// Problems of one size, and the workspace to solve them in.
struct Problems {
  std::int64_t count;
  int rows, columns;
  Options options;
  char* workspace;    // in global memory, `bytes` for each block; not used with shared memory
  std::size_t bytes;  // what bytes_for() returns
};

// The solver, with its arrays allocated from an arena.
template <typename Steps>
__host__ __device__ ProjectedGradient<Steps> lay_out(Arena& arena, const Problems& problems, bool backward) {
  const int stride = Core<typename Steps::Real>::stride_of(problems.columns);
  return {arena, backward ? &arena : nullptr, problems.rows, problems.columns, stride, problems.options};
}

// How many bytes the arrays of one problem take.
template <typename Steps>
std::size_t bytes_for(const Problems& problems, bool backward) {
  Arena counting(nullptr);
  lay_out<Steps>(counting, problems, backward);
  return counting.used();
}

#if defined(__CUDACC__)
// The shared memory that a launch asks for. What runs the kernels without a GPU defines this function before.
__device__ __forceinline__ char* dynamic_shared_memory() {
  extern __shared__ __align__(16) char shared_memory[];
  return shared_memory;
}
#endif

// The memory of this block. The choice is made at compile time, so that the compiler knows which loads are from shared
// memory.
template <bool kShared>
__device__ char* memory_of_block(const Problems& problems) {
  if constexpr (kShared) return dynamic_shared_memory();
  return problems.workspace + blockIdx.x * problems.bytes;
}

// Calls solve(solver, block, b, offset of the matrices of problem b) for each problem b of this block.
template <typename Steps, bool kShared, typename Solve>
__device__ void for_each_problem(const Problems& problems, bool backward, Solve solve) {
  __shared__ WarpTotals totals;
  Block block(totals);
  Arena arena(memory_of_block<kShared>(problems));
  ProjectedGradient<Steps> solver = lay_out<Steps>(arena, problems, backward);
  for (std::int64_t b = blockIdx.x; b < problems.count; b += gridDim.x) {
    solve(solver, block, b, b * problems.rows * problems.columns);
    block.sync();  // the next problem overwrites what other threads may still read
  }
}

// Writes the entries of plans (count, rows, columns) that are not 0, and moved (count,), the sum of |dX| of the last
// step.
template <typename Steps, bool kShared, typename T>
__global__ void __launch_bounds__(kMaxThreads, kMinBlocks)
    projected_gradient_cuda_kernel(Problems problems, const T* score, T* plan, T* moved) {
  for_each_problem<Steps, kShared>(problems, false, [=](auto& solver, Block& block, std::int64_t b, std::int64_t at) {
    solver.template forward<false>(block, score + at, plan + at, moved + b);
  });
}

// Writes the entries of grad_score (count, rows, columns) that are not 0, from grad_plan of the same shape.
template <typename Steps, bool kShared, typename T>
__global__ void __launch_bounds__(kMaxThreads, kMinBlocks)
    projected_gradient_backward_cuda_kernel(Problems problems, const T* grad_plan, const T* score, T* grad_score) {
  for_each_problem<Steps, kShared>(problems, true, [=](auto& solver, Block& block, std::int64_t, std::int64_t at) {
    solver.template backward<false>(block, grad_plan + at, score + at, grad_score + at);
  });
}

}  // namespace mmhparse
