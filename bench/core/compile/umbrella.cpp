// The umbrella header alone, for its compile time.
#include <kettle/kettle.hpp>
