// Called by the compiled code at every basic block. Itself compiled without.

#include "steps.hpp"

namespace kettle::tests {

long steps = 0;

}  // namespace kettle::tests

extern "C" void __sanitizer_cov_trace_pc() { kettle::tests::steps++; }
