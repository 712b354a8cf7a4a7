// For any processor.
#define MMHPARSE_REGISTER 16
#define MMHPARSE_ARCHITECTURE baseline
#define MMHPARSE_NAMESPACE mmhparse_baseline
#include "solve_batch.hpp"
