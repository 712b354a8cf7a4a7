// For x86-64 processors with AVX-512; setup.py compiles it with -march=x86-64-v4.
#define MHPARSE_REGISTER 64
#define MHPARSE_ARCHITECTURE avx512
#define MHPARSE_NAMESPACE mhparse_avx512
#include "solve_batch.hpp"
