// Projected gradient on the CPU: problems are dealt out to threads, and each is solved in vector registers.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <memory>
#include <new>
#include <tuple>

#include "../projected_gradient.h"
#include "solve_batch.h"

namespace mhparse {
namespace {

template <typename T>
using Solve = std::size_t (*)(const Batch<T>&, std::int64_t, std::int64_t, char*);

// The build for the vector instructions of this processor.
template <typename T>
Solve<T> best_solve() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    return avx512::solve;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2::solve;
#endif
  return baseline::solve;
}

template <typename T>
void solve_batch(const Batch<T>& batch, int64_t problems) {
  if (problems == 0 || batch.rows == 0 || batch.columns == 0) return;
  static const Solve<T> solve = best_solve<T>();
  const std::size_t bytes = solve(batch, 0, 0, nullptr);
  at::parallel_for(0, problems, 1, [&](int64_t begin, int64_t end) {
    constexpr std::align_val_t alignment{64};
    const auto release = [=](char* memory) { ::operator delete[](memory, alignment); };
    const std::unique_ptr<char[], decltype(release)> memory(new (alignment) char[bytes], release);
    solve(batch, begin, end, memory.get());
  });
}

std::tuple<at::Tensor, at::Tensor> projected_gradient(const at::Tensor& score, int64_t steps, double step_size,
                                                      int64_t cycles) {
  const Options options = options_of(steps, step_size, cycles);
  check_options(score, options);
  const at::Tensor dense = score.contiguous();
  at::Tensor plan = at::zeros(score.sizes(), score.options());
  at::Tensor moved = at::zeros({score.size(0)}, score.options());
  AT_DISPATCH_FLOATING_TYPES(score.scalar_type(), "projected_gradient", [&] {
    solve_batch<scalar_t>({dense.const_data_ptr<scalar_t>(), nullptr, plan.mutable_data_ptr<scalar_t>(),
                           moved.mutable_data_ptr<scalar_t>(), score.size(1), score.size(2), options},
                          score.size(0));
  });
  return {plan, moved};
}

at::Tensor projected_gradient_backward(const at::Tensor& grad_plan, const at::Tensor& score, int64_t steps,
                                       double step_size, int64_t cycles) {
  const Options options = options_of(steps, step_size, cycles);
  check_options(score, options);
  check_gradient(grad_plan, score);
  const at::Tensor dense = score.contiguous();
  const at::Tensor dense_grad = grad_plan.contiguous();
  at::Tensor grad_score = at::zeros(score.sizes(), score.options());
  AT_DISPATCH_FLOATING_TYPES(score.scalar_type(), "projected_gradient_backward", [&] {
    solve_batch<scalar_t>({dense.const_data_ptr<scalar_t>(), dense_grad.const_data_ptr<scalar_t>(),
                           grad_score.mutable_data_ptr<scalar_t>(), nullptr, score.size(1), score.size(2), options},
                          score.size(0));
  });
  return grad_score;
}

}  // namespace
}  // namespace mhparse

TORCH_LIBRARY_IMPL(mhparse, CPU, library) {
  library.impl("projected_gradient", &mhparse::projected_gradient);
  library.impl("projected_gradient_backward", &mhparse::projected_gradient_backward);
}
