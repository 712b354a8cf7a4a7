// Solving problems of a batch one after the other; there is a build of it for each set of vector instructions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../common/options.h"

namespace mhparse {

// A batch of contiguous matrices (rows, columns). The backward pass is asked for by grad_plan, and has no moved.
template <typename T>
struct Batch {
  const T* score;
  const T* grad_plan;
  T* result;  // the plans, or the gradients of the scores; 0 before
  T* moved;
  std::int64_t rows, columns;
  Options options;
};

// Solves problems begin to end in `memory`, aligned to 64 bytes; without memory only tells how many bytes it needs.
#define MHPARSE_DECLARE(architecture)                                                                            \
  namespace architecture {                                                                                       \
  std::size_t solve(const Batch<float>& batch, std::int64_t begin, std::int64_t end, char* memory);             \
  std::size_t solve(const Batch<double>& batch, std::int64_t begin, std::int64_t end, char* memory);            \
  }
MHPARSE_DECLARE(baseline)
MHPARSE_DECLARE(avx2)
MHPARSE_DECLARE(avx512)
#undef MHPARSE_DECLARE

}  // namespace mhparse
