#include "twin.hpp"

TWIN(event, set_wakes_who_waits) {
  event e;
  testing::thread setter("setter", [&] { e.set(); });
  e.wait().get();
  testing::check(e.is_set(), "it is set");
}
