#include <kettle/base/error.hpp>
#include <kettle/sync/latch.hpp>

namespace kettle::inline KETTLE_ABI {

latch::latch(std::size_t count) noexcept : count_(count) {
  if (count == 0) open_.set();
}

void latch::count_down(std::size_t by) {
  std::size_t before = count_.load(relaxed);
  do {
    if (by > before) throw usage_error("latch.count_down: it would go below zero");
    // acq_rel: whoever brings it to zero has seen what all the others did before they counted.
  } while (!count_.compare_exchange_weak(before, before - by, acq_rel));
  if (by == before && by > 0) open_.set();
}

}  // namespace kettle::inline KETTLE_ABI
