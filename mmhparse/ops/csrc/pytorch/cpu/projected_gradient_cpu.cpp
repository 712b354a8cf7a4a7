// Projected gradient on the CPU: problems are distributed over threads, and each is solved in vector registers.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <memory>
#include <new>
#include <tuple>

#include "../projected_gradient.h"
#include "solve_batch.h"

namespace mmhparse {
namespace {

// A build of the solver for certain vector instructions.
template <typename T>
struct Build {
  Sizes (*sizes)(const Batch<T>&);
  void (*solve)(const Batch<T>&, std::int64_t, std::int64_t, char*);
};

// The build for the vector instructions of this processor.
template <typename T>
Build<T> best_build() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    return {avx512::sizes, avx512::solve};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return {avx2::sizes, avx2::solve};
#endif
  return {baseline::sizes, baseline::solve};
}

template <typename T>
void solve_batch(const Batch<T>& batch, int64_t problems) {
  if (problems == 0 || batch.rows == 0 || batch.columns == 0) return;
  static const Build<T> build = best_build<T>();
  const Sizes sizes = build.sizes(batch);
  TORCH_CHECK_VALUE(batch.trace_bytes == 0 || (batch.trace_bytes >= sizes.trace && batch.trace_bytes % 64 == 0),
                    "trace_bytes must be 0, or a multiple of 64 and at least ", sizes.trace, ", got ",
                    batch.trace_bytes, ".");
  at::parallel_for(0, problems, 1, [&](int64_t begin, int64_t end) {
    constexpr std::align_val_t alignment{64};
    const auto release = [=](char* memory) { ::operator delete[](memory, alignment); };
    const std::unique_ptr<char[], decltype(release)> memory(new (alignment) char[sizes.memory], release);
    build.solve(batch, begin, end, memory.get());
  });
}

char* bytes_of(const at::Tensor& trace) { return reinterpret_cast<char*>(trace.data_ptr<std::uint8_t>()); }

std::tuple<at::Tensor, at::Tensor, at::Tensor> projected_gradient(const at::Tensor& score, int64_t steps,
                                                                  double step_size, int64_t cycles,
                                                                  int64_t trace_bytes) {
  const Options options = options_of(steps, step_size, cycles);
  check_options(score, options);
  const at::Tensor dense = score.contiguous();
  at::Tensor plan = at::zeros(score.sizes(), score.options());
  at::Tensor moved = at::zeros({score.size(0)}, score.options());
  at::Tensor trace = at::zeros({score.size(0), trace_bytes}, score.options().dtype(at::kByte));
  AT_DISPATCH_FLOATING_TYPES(score.scalar_type(), "projected_gradient", [&] {
    solve_batch<scalar_t>({dense.const_data_ptr<scalar_t>(), nullptr, plan.mutable_data_ptr<scalar_t>(),
                           moved.mutable_data_ptr<scalar_t>(), score.size(1), score.size(2), options, bytes_of(trace),
                           static_cast<std::size_t>(trace_bytes)},
                          score.size(0));
  });
  return {plan, moved, trace};
}

at::Tensor projected_gradient_backward(const at::Tensor& grad_plan, const at::Tensor& score, const at::Tensor& trace,
                                       int64_t steps, double step_size, int64_t cycles) {
  const Options options = options_of(steps, step_size, cycles);
  check_options(score, options);
  check_gradient(grad_plan, score);
  TORCH_CHECK_VALUE(trace.dim() == 2 && trace.size(0) == score.size(0) && trace.scalar_type() == at::kByte &&
                        trace.is_contiguous() && trace.is_cpu(),
                    "trace must be the one that projected_gradient returned, (B, trace_bytes) uint8 on the CPU, got ",
                    trace.scalar_type(), " ", trace.sizes(), ".");
  const at::Tensor dense = score.contiguous();
  const at::Tensor dense_grad = grad_plan.contiguous();
  at::Tensor grad_score = at::zeros(score.sizes(), score.options());
  AT_DISPATCH_FLOATING_TYPES(score.scalar_type(), "projected_gradient_backward", [&] {
    solve_batch<scalar_t>({dense.const_data_ptr<scalar_t>(), dense_grad.const_data_ptr<scalar_t>(),
                           grad_score.mutable_data_ptr<scalar_t>(), nullptr, score.size(1), score.size(2), options,
                           bytes_of(trace), static_cast<std::size_t>(trace.size(1))},
                          score.size(0));
  });
  return grad_score;
}

}  // namespace
}  // namespace mmhparse

TORCH_LIBRARY_IMPL(mmhparse, CPU, library) {
  library.impl("projected_gradient", &mmhparse::projected_gradient);
  library.impl("projected_gradient_backward", &mmhparse::projected_gradient_backward);
}
