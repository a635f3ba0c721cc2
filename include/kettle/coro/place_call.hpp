#pragma once
// Calling a place: `on_thread(f, args...)` is a wait for one call there.
//
//   int n = co_await on_thread(count, path);   // in a coroutine
//   int n = on_thread(count, path).get();      // in a fiber or thread
//
// Arguments are decayed and handed over as rvalues, as start does. The error of f is thrown as
// itself; cancelling the wait cancels the call as the place does it (core.md 1.3) and waits for its
// end.

#include <kettle/coro/forms.hpp>

namespace kettle::inline KETTLE_ABI {

template <class P>
template <class F, class... A>
auto callable_place<P>::operator()(F&& f, A&&... a) const {
  KETTLE_CHECK_CALLABLE(F, A...);
  return detail::call_in<P, std::decay_t<F>, std::decay_t<A>...>(
      static_cast<const P&>(*this), std::forward<F>(f), std::forward<A>(a)...);
}

}  // namespace kettle::inline KETTLE_ABI
