#pragma once
// The examples as bodies: each is compiled with its main() renamed, see CMakeLists.txt.

#include "sweep.hpp"

namespace kettle::sweep {

// Its output goes nowhere.
void run_example(int (*main_of)(int, char**), cut& at);

}  // namespace kettle::sweep

#define EXAMPLE(name, least)                                         \
  int example_##name(int argc, char** argv);                         \
  void sweep_##name(kettle::sweep::cut& at, kettle::sweep::books&) { \
    kettle::sweep::run_example(example_##name, at);                  \
  }                                                                  \
  const kettle::sweep::listed name##_listed(#name, "example", least, sweep_##name);
