#include <kettle/base/error.hpp>
#include <kettle/coro/every.hpp>

namespace kettle::inline KETTLE_ABI {

ticks::ticks(any_duration interval) : interval_(interval), due_(after(clock::now(), interval)) {
  if (interval_ <= duration(0)) throw usage_error("every: the interval must be positive");
}

}  // namespace kettle::inline KETTLE_ABI
