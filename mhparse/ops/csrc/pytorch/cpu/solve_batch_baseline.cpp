// For any processor.
#define MHPARSE_REGISTER 16
#define MHPARSE_ARCHITECTURE baseline
#define MHPARSE_NAMESPACE mhparse_baseline
#include "solve_batch.hpp"
