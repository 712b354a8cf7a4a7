// For x86-64 processors with AVX-512; setup.py compiles it with -march=x86-64-v4.
#define MMHPARSE_ARCHITECTURE avx512
#include "parsing_rows.hpp"
