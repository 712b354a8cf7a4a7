// For x86-64 processors with AVX2; setup.py compiles it with -march=x86-64-v3.
#define MHPARSE_REGISTER 32
#define MHPARSE_ARCHITECTURE avx2
#define MHPARSE_NAMESPACE mhparse_avx2
#include "solve_batch.hpp"
