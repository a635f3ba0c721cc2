// Bodies and their children are ordinary functions in a pool of threads.
// Compiled once for each file of bodies, which is BODIES.
#include "sweep.hpp"

#define PLACE_NAME at_pool
#define PLACE_TEXT "pool"
#define WHERE ::kettle::sweep::pool()
#define TASK(...) __VA_ARGS__
#define AWAIT(...) (__VA_ARGS__).get()
#define HERE(...) __VA_ARGS__
#define RET return
#define CALL(...) ::kettle::sweep::pool()(__VA_ARGS__)

#include "place.inc"

#include BODIES
