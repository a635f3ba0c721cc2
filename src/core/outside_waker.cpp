#include <kettle/core/outside_waker.hpp>

#include "core/home.hpp"

namespace kettle::inline KETTLE_ABI {

outside_waker::outside_waker() : at_(home::here()) { at_.outside_wakers.fetch_add(1, relaxed); }
outside_waker::~outside_waker() { at_.outside_wakers.fetch_sub(1, relaxed); }

}  // namespace kettle::inline KETTLE_ABI
