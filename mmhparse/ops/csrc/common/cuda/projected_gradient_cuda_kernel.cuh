// Kernels of projected gradient, without torch. A block solves a problem at a time, and nothing leaves it in between:
// all arrays lie in shared memory if they fit, else in a piece of a global workspace that belongs to the block.
#pragma once

#include "../projected_gradient.hpp"

namespace mmhparse {

constexpr int kWarp = 32;
constexpr int kMaxThreads = 256;
constexpr int kBlocksByRegisters = 1;  // shared memory limits blocks anyway; asked for more, the compiler spills

// Rows and columns are dealt out to threads, so more threads than there are of either would idle.
inline int threads_for(int rows, int columns) {
  const int asked = padded_to(rows > columns ? rows : columns, kWarp);
  return smaller(asked > 0 ? asked : kWarp, kMaxThreads);
}

// One total for each warp, twice: by the time of a sum after the next all have read the totals of this one.
using WarpTotals = double[2][kMaxThreads / kWarp];

// The team of all threads of a block, which must be whole warps.
class Block {
 public:
  __device__ explicit Block(WarpTotals& totals) : totals_(totals), turn_(0) {}

  __device__ int rank() const { return threadIdx.x; }
  __device__ int size() const { return blockDim.x; }
  __device__ void sync() const { __syncthreads(); }

  __device__ double sum(double x) {
    // after exchanges by pairs, all lanes of a warp have added up the same numbers in the same tree
    for (int apart = kWarp / 2; apart > 0; apart /= 2) x += __shfl_xor_sync(~0u, x, apart);
    double* totals = totals_[turn_];
    turn_ ^= 1;
    if (rank() % kWarp == 0) totals[rank() / kWarp] = x;
    __syncthreads();
    double total = 0;
    for (int warp = 0; warp < size() / kWarp; ++warp) total += totals[warp];
    return total;
  }

 private:
  WarpTotals& totals_;
  int turn_;
};

// Problems of the same size, and where to solve them.
struct Problems {
  std::int64_t count;
  int rows, columns;
  Options options;
  char* workspace;    // in global memory, `bytes` for each block; not used with shared memory
  std::size_t bytes;  // as bytes_for() tells
};

// The solver, with its arrays in an arena.
template <typename Steps>
__host__ __device__ ProjectedGradient<Steps> lay_out(Arena& arena, const Problems& problems, bool backward) {
  const int stride = Core::stride_of<typename Steps::Real>(problems.columns);
  return {arena, backward ? &arena : nullptr, problems.rows, problems.columns, stride, problems.options};
}

// How much memory a problem takes.
template <typename Steps>
std::size_t bytes_for(const Problems& problems, bool backward) {
  Arena counting(nullptr);
  lay_out<Steps>(counting, problems, backward);
  return counting.used();
}

// The memory of this block. The choice is made by the compiler, which else would not know which loads are shared.
template <bool kShared>
__device__ char* memory_of_block(const Problems& problems) {
  extern __shared__ __align__(16) char shared_memory[];
  if constexpr (kShared) return shared_memory;
  return problems.workspace + blockIdx.x * problems.bytes;
}

// Calls solve(solver, block, b, offset of its matrices) for the problems of this block.
template <typename Steps, bool kShared, typename Solve>
__device__ void for_each_problem(const Problems& problems, bool backward, Solve solve) {
  __shared__ WarpTotals totals;
  Block block(totals);
  Arena arena(memory_of_block<kShared>(problems));
  ProjectedGradient<Steps> solver = lay_out<Steps>(arena, problems, backward);
  for (std::int64_t b = blockIdx.x; b < problems.count; b += gridDim.x) {
    solve(solver, block, b, b * problems.rows * problems.columns);
    block.sync();  // the next problem overwrites what others may still read
  }
}

// Writes plans (count, rows, columns), where they are not 0, and how far the last step moved each.
template <typename Steps, bool kShared, typename T>
__global__ void __launch_bounds__(kMaxThreads, kBlocksByRegisters)
    projected_gradient_cuda_kernel(Problems problems, const T* score, T* plan, T* moved) {
  for_each_problem<Steps, kShared>(problems, false, [=](auto& solver, Block& block, std::int64_t b, std::int64_t at) {
    solver.template forward<false>(block, score + at, plan + at, moved + b);
  });
}

// Writes the gradients of scores (count, rows, columns), where they are not 0, given those of plans.
template <typename Steps, bool kShared, typename T>
__global__ void __launch_bounds__(kMaxThreads, kBlocksByRegisters)
    projected_gradient_backward_cuda_kernel(Problems problems, const T* grad_plan, const T* score, T* grad_score) {
  for_each_problem<Steps, kShared>(problems, true, [=](auto& solver, Block& block, std::int64_t, std::int64_t at) {
    solver.template backward<false>(block, grad_plan + at, score + at, grad_score + at);
  });
}

}  // namespace mmhparse
