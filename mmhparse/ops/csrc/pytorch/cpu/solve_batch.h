// Solves problems of a batch one after the other; there is a build for each set of vector instructions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../common/options.h"

namespace mmhparse {

// A batch of contiguous matrices (rows, columns). If grad_plan is not null, the backward pass is computed, and moved is
// not used. If trace_bytes is above 0, the forward pass writes a trace of the steps and the backward pass reads it.
template <typename T>
struct Batch {
  const T* score;
  const T* grad_plan;
  T* result;  // (B, rows, columns) the plans, or the gradients of the scores; zeros on entry
  T* moved;   // (B,) the sum of |dX| of the last step
  std::int64_t rows, columns;
  Options options;
  char* trace;  // (B, trace_bytes), a multiple of 64
  std::size_t trace_bytes;
};

// Bytes that are needed.
struct Sizes {
  std::size_t memory;  // of each thread
  std::size_t trace;   // of each problem, if a trace is kept
};

// sizes() returns how many bytes are needed; solve() solves the problems begin to end - 1 in `memory`, which is aligned
// to 64 bytes.
#define MMHPARSE_DECLARE(architecture)                                                                   \
  namespace architecture {                                                                              \
  Sizes sizes(const Batch<float>& batch);                                                               \
  Sizes sizes(const Batch<double>& batch);                                                              \
  void solve(const Batch<float>& batch, std::int64_t begin, std::int64_t end, char* memory);            \
  void solve(const Batch<double>& batch, std::int64_t begin, std::int64_t end, char* memory);           \
  }
MMHPARSE_DECLARE(baseline)
MMHPARSE_DECLARE(avx2)
MMHPARSE_DECLARE(avx512)
#undef MMHPARSE_DECLARE

}  // namespace mmhparse
