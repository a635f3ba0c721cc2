#pragma once
// `kettle compare`: run the work by every method, in rounds, and say which pays.

#include "options.hpp"

namespace kettle::app {

// The exit status. Throws bad_input.
int compare(const compare_options& options);

}  // namespace kettle::app
