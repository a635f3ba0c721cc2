// Children are functions in worker processes, which live in real time; the bodies, which wait for
// them, are coroutines on the loop.
#include "sweep.hpp"

#include <kettle/processes/on_process.hpp>
#include <kettle/processes/process_pool.hpp>

#define PLACE_NAME at_process
#define PLACE_TEXT "process"
#define WHERE ::kettle::on_loop
#define TASK(...) ::kettle::task<__VA_ARGS__>
#define AWAIT(...) co_await __VA_ARGS__
#define CALL(f, ...) f(__VA_ARGS__)
#define RET co_return

#include "place.inc"

#include "process_bodies.inc"
