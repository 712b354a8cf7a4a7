// The definitions of solve_batch.h for the vector instructions of the including file, in MHPARSE_ARCHITECTURE.
#include "../../common/projected_gradient.hpp"
#include "solve_batch.h"

namespace MHPARSE_NAMESPACE {

struct LoneThread {
  MHPARSE_DEVICE int rank() const { return 0; }
  MHPARSE_DEVICE int size() const { return 1; }
  MHPARSE_DEVICE void sync() const {}
  MHPARSE_DEVICE double sum(double x) const { return x; }
};

template <typename Steps, typename T>
MHPARSE_DEVICE std::size_t solve_range(const mhparse::Batch<T>& batch, std::int64_t begin, std::int64_t end,
                                       char* memory) {
  LoneThread team;
  const int rows = static_cast<int>(batch.rows), columns = static_cast<int>(batch.columns);
  const bool backward = batch.grad_plan != nullptr;
  Arena arena(memory);
  ProjectedGradient<Steps> solver(arena, rows, columns, Core::stride_of<typename Steps::Real>(columns), batch.options,
                                  backward);
  for (std::int64_t b = begin; memory != nullptr && b < end; ++b) {
    const std::int64_t at = b * batch.rows * batch.columns;
    if (backward)
      solver.backward(team, batch.grad_plan + at, batch.score + at, batch.result + at);
    else
      solver.forward(team, batch.score + at, batch.result + at, batch.moved + b);
  }
  return arena.used();
}

}  // namespace MHPARSE_NAMESPACE

namespace mhparse::MHPARSE_ARCHITECTURE {

// flatten: lambdas must end up inside, too
__attribute__((flatten))
std::size_t solve(const Batch<float>& batch, std::int64_t begin, std::int64_t end, char* memory) {
  if (batch.options.cycles > 0)
    return MHPARSE_NAMESPACE::solve_range<MHPARSE_NAMESPACE::UnrolledSteps<float>>(batch, begin, end, memory);
  return MHPARSE_NAMESPACE::solve_range<MHPARSE_NAMESPACE::ExactSteps>(batch, begin, end, memory);
}

// flatten: lambdas must end up inside, too
__attribute__((flatten))
std::size_t solve(const Batch<double>& batch, std::int64_t begin, std::int64_t end, char* memory) {
  if (batch.options.cycles > 0)
    return MHPARSE_NAMESPACE::solve_range<MHPARSE_NAMESPACE::UnrolledSteps<double>>(batch, begin, end, memory);
  return MHPARSE_NAMESPACE::solve_range<MHPARSE_NAMESPACE::ExactSteps>(batch, begin, end, memory);
}

}  // namespace mhparse::MHPARSE_ARCHITECTURE
