// For x86-64 processors with AVX-512; setup.py compiles it with -march=x86-64-v4.
#define MMHPARSE_REGISTER 64
#define MMHPARSE_ARCHITECTURE avx512
#define MMHPARSE_NAMESPACE mmhparse_avx512
#include "solve_batch.hpp"
