// Bodies and their children are coroutines on the loop.
// Compiled once for each file of bodies, which is BODIES.
#include "sweep.hpp"

#define PLACE_NAME at_loop
#define PLACE_TEXT "loop"
#define WHERE ::kettle::on_loop
#define TASK(...) ::kettle::task<__VA_ARGS__>
#define AWAIT(...) co_await __VA_ARGS__
#define HERE(...) co_await __VA_ARGS__
#define RET co_return
#define CALL(f, ...) f(__VA_ARGS__)

#include "place.inc"

#include BODIES
