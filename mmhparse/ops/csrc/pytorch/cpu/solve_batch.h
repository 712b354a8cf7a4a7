// Solving problems of a batch one after the other; there is a build of it for each set of vector instructions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../common/options.h"

namespace mmhparse {

// A batch of contiguous matrices (rows, columns). The backward pass is asked for by grad_plan, and has no moved. With
// trace_bytes the forward pass writes a trace of the steps, and the backward pass reads it.
template <typename T>
struct Batch {
  const T* score;
  const T* grad_plan;
  T* result;  // the plans, or the gradients of the scores; 0 before
  T* moved;
  std::int64_t rows, columns;
  Options options;
  char* trace;  // trace_bytes for each problem, a multiple of 64
  std::size_t trace_bytes;
};

struct Sizes {
  std::size_t memory;  // for a thread
  std::size_t trace;   // for each problem, if one is kept
};

// Tells how many bytes are needed; solves problems begin to end in `memory`, aligned to 64 bytes.
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
