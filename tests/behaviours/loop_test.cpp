// Bodies and children are coroutines on the loop.
#include "suite.hpp"

#define PLACE_NAME loop
#define WHERE ::kettle::on_loop
#define TASK(...) ::kettle::task<__VA_ARGS__>
#define AWAIT(...) co_await __VA_ARGS__
#define HERE(...) co_await __VA_ARGS__
#define RET co_return
#define CALL(f, ...) f(__VA_ARGS__)

#include "cancellation.inc"
#include "fairness.inc"
#include "nurseries.inc"
#include "sync.inc"
