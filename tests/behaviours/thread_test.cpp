// Bodies and children are ordinary functions in threads.
#include "suite.hpp"

#define PLACE_NAME thread
#define WHERE ::kettle::on_thread
#define TASK(...) __VA_ARGS__
#define AWAIT(...) (__VA_ARGS__).get()
#define HERE(...) __VA_ARGS__
#define RET return
#define CALL(...) ::kettle::on_thread(__VA_ARGS__)

#include "cancellation.inc"
#include "fairness.inc"
#include "nurseries.inc"
#include "only_threads.inc"
#include "sync.inc"
