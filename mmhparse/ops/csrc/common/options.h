// The options of projected gradient.
#pragma once

namespace mmhparse {

struct Options {
  int steps;
  double step_size;
  int cycles;  // Dykstra cycles in a projection; 0 for exact projections
};

}  // namespace mmhparse
