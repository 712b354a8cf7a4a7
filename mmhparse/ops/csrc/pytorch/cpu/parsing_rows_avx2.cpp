// For x86-64 processors with AVX2; setup.py compiles it with -march=x86-64-v3.
#define MMHPARSE_ARCHITECTURE avx2
#include "parsing_rows.hpp"
