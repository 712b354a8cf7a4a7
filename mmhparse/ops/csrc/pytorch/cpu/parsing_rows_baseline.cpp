// For any processor.
#define MMHPARSE_ARCHITECTURE baseline
#include "parsing_rows.hpp"
