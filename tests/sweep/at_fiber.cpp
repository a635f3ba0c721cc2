// Bodies and their children are ordinary functions in fibers.
// Compiled once for each file of bodies, which is BODIES.
#include "sweep.hpp"

#define PLACE_NAME at_fiber
#define PLACE_TEXT "fiber"
#define WHERE ::kettle::on_fiber
#define TASK(...) __VA_ARGS__
#define AWAIT(...) (__VA_ARGS__).get()
#define HERE(...) __VA_ARGS__
#define RET return
#define CALL(...) ::kettle::on_fiber(__VA_ARGS__)

#include "place.inc"

#include BODIES
