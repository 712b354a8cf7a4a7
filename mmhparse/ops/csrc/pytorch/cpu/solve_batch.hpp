// The definitions of solve_batch.h for the vector instructions that the including file chooses: MMHPARSE_REGISTER bytes
// a register, in the namespace MMHPARSE_ARCHITECTURE.
#include "../../common/projected_gradient.hpp"
#include "../../common/sparse_steps.hpp"
#include "solve_batch.h"

namespace MMHPARSE_NAMESPACE {

template <typename Steps, typename T>
MMHPARSE_DEVICE ProjectedGradient<Steps> lay_out(Arena& arena, Arena& kept, const mmhparse::Batch<T>& batch) {
  const int rows = static_cast<int>(batch.rows), columns = static_cast<int>(batch.columns);
  const bool backward = batch.grad_plan != nullptr;
  Arena* trace = batch.trace_bytes > 0 ? &kept : (backward ? &arena : nullptr);
  return {arena, trace, rows, columns, Core<typename Steps::Real>::stride_of(columns), batch.options};
}

template <typename Steps, typename T>
mmhparse::Sizes count_sizes(const mmhparse::Batch<T>& batch) {
  Arena arena(nullptr), kept(nullptr);
  lay_out<Steps>(arena, kept, batch);
  return {arena.used(), kept.used()};
}

template <typename Steps, bool kTraced, typename T>
MMHPARSE_DEVICE void solve_problem(const mmhparse::Batch<T>& batch, std::int64_t b, char* memory) {
  SingleThread team;
  Arena arena(memory), kept(kTraced ? batch.trace + b * batch.trace_bytes : nullptr);
  auto solver = lay_out<Steps>(arena, kept, batch);
  const std::int64_t at = b * batch.rows * batch.columns;
  if (batch.grad_plan != nullptr)
    solver.template backward<kTraced>(team, batch.grad_plan + at, batch.score + at, batch.result + at);
  else
    solver.template forward<kTraced>(team, batch.score + at, batch.result + at, batch.moved + b);
}

template <typename T>
MMHPARSE_DEVICE bool is_sparse(const mmhparse::Batch<T>& batch, std::int64_t b, char* memory) {
  SingleThread team;
  const int rows = static_cast<int>(batch.rows), columns = static_cast<int>(batch.columns);
  const T* score = batch.score + b * rows * columns;
  Arena arena(memory);
  Core<T> core(arena, rows, columns);
  core.find(team, score, rows, columns);
  return is_sparse(core, score, rows, columns);
}

template <bool kTraced, typename T>
MMHPARSE_DEVICE void solve_range(const mmhparse::Batch<T>& batch, std::int64_t begin, std::int64_t end, char* memory) {
  for (std::int64_t b = begin; b < end; ++b) {
    if (batch.options.cycles == 0)
      solve_problem<ExactSteps, kTraced>(batch, b, memory);
    else if (is_sparse(batch, b, memory))
      solve_problem<SparseSteps<T>, kTraced>(batch, b, memory);
    else
      solve_problem<UnrolledSteps<T>, kTraced>(batch, b, memory);
  }
}

template <typename T>
MMHPARSE_DEVICE void solve_range(const mmhparse::Batch<T>& batch, std::int64_t begin, std::int64_t end, char* memory) {
  batch.trace_bytes > 0 ? solve_range<true>(batch, begin, end, memory) : solve_range<false>(batch, begin, end, memory);
}

template <typename T>
mmhparse::Sizes sizes_of(const mmhparse::Batch<T>& batch) {
  if (batch.options.cycles == 0) return count_sizes<ExactSteps>(batch);
  const mmhparse::Sizes dense = count_sizes<UnrolledSteps<T>>(batch), sparse = count_sizes<SparseSteps<T>>(batch);
  return {max_of(dense.memory, sparse.memory), max_of(dense.trace, sparse.trace)};
}

}  // namespace MMHPARSE_NAMESPACE

namespace mmhparse::MMHPARSE_ARCHITECTURE {

Sizes sizes(const Batch<float>& batch) { return MMHPARSE_NAMESPACE::sizes_of(batch); }

Sizes sizes(const Batch<double>& batch) { return MMHPARSE_NAMESPACE::sizes_of(batch); }

// flatten: inlines everything, lambdas included, into code for these vector instructions
__attribute__((flatten))
void solve(const Batch<float>& batch, std::int64_t begin, std::int64_t end, char* memory) {
  MMHPARSE_NAMESPACE::solve_range(batch, begin, end, memory);
}

__attribute__((flatten))
void solve(const Batch<double>& batch, std::int64_t begin, std::int64_t end, char* memory) {
  MMHPARSE_NAMESPACE::solve_range(batch, begin, end, memory);
}

}  // namespace mmhparse::MMHPARSE_ARCHITECTURE
