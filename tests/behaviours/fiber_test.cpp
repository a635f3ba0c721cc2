// Bodies and children are ordinary functions in fibers.
#include "suite.hpp"

#define PLACE_NAME fiber
#define WHERE ::kettle::on_fiber
#define TASK(...) __VA_ARGS__
#define AWAIT(...) (__VA_ARGS__).get()
#define HERE(...) __VA_ARGS__
#define RET return
#define CALL(...) ::kettle::on_fiber(__VA_ARGS__)

#include "cancellation.inc"
#include "fairness.inc"
#include "nurseries.inc"
#include "only_fibers.inc"
#include "sync.inc"
