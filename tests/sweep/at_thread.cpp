// Bodies and their children are ordinary functions in threads.
// Compiled once for each file of bodies, which is BODIES.
#include "sweep.hpp"

#define PLACE_NAME at_thread
#define PLACE_TEXT "thread"
#define WHERE ::kettle::on_thread
#define TASK(...) __VA_ARGS__
#define AWAIT(...) (__VA_ARGS__).get()
#define HERE(...) __VA_ARGS__
#define RET return
#define CALL(...) ::kettle::on_thread(__VA_ARGS__)

#include "place.inc"

#include BODIES
