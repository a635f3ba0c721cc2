#pragma once
// Plain uses of the library, a few lines each. Each checks what it has done by other means.

#include "point.hpp"

#include <span>

namespace kettle::tests {

std::span<const body> bodies();

}  // namespace kettle::tests
