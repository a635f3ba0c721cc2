#pragma once
// `new` in a function that may not throw: without memory for it the program cannot go on.
//
//   auto* note = must_make<request>(control, wish::cancel);

#include <kettle/base/assert.hpp>

#include <new>
#include <utility>

namespace kettle::inline KETTLE_ABI {

template <class T, class... A> T* must_make(A&&... a) noexcept {
  try {
    return new T(std::forward<A>(a)...);
  } catch (const std::bad_alloc&) {
    assertion_failed("new", "there is memory where nothing may be thrown", __FILE__, __LINE__);
  }
}

}  // namespace kettle::inline KETTLE_ABI
