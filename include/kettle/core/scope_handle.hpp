#pragma once
// scope_handle: asks a cancel_scope for something from any thread.
//
//   cancel_scope s;
//   std::thread other([h = s.handle()] { h.cancel("enough"); });
//   co_await in_scope(s, work());
//
// A request travels to the scope's thread and takes effect when that looks at its mail, or when
// the scope is entered; one that has closed meanwhile ignores it. Copyable, 8 bytes. While somebody
// has one, waiting inside the scope's loop for ever is no deadlock. Lifetime: may outlive the
// scope. handle() is called on the scope's own thread.

#include <kettle/base/clock.hpp>
#include <kettle/base/text.hpp>

#include <utility>

namespace kettle::inline KETTLE_ABI {

namespace detail {
struct scope_control;
}

class scope_handle {
 public:
  scope_handle(const scope_handle& o) noexcept;
  scope_handle(scope_handle&& o) noexcept : control_(std::exchange(o.control_, nullptr)) {}
  scope_handle& operator=(scope_handle o) noexcept {
    std::swap(control_, o.control_);
    return *this;
  }
  ~scope_handle();

  void cancel(shared_text reason = {}) const noexcept;  // copied, unless it is a literal
  void deadline(time_point t) const noexcept;
  void cancel_after(any_duration grace) const noexcept;  // from when the scope's thread gets it

 private:
  friend class cancel_scope;
  explicit scope_handle(detail::scope_control* c) noexcept;
  detail::scope_control* control_;
};

}  // namespace kettle::inline KETTLE_ABI
