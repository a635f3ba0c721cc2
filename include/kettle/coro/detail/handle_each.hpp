#pragma once
// handle_each: kettle's except*.

#include <kettle/base/error.hpp>
#include <kettle/base/thrown.hpp>

#include <type_traits>
#include <utility>
#include <vector>

namespace kettle::inline KETTLE_ABI {

namespace detail {

template <class F>
struct handler_argument : handler_argument<decltype(&std::remove_cvref_t<F>::operator())> {};
template <class R, class C, class A> struct handler_argument<R (C::*)(A) const> {
  using type = A;
};
template <class R, class C, class A> struct handler_argument<R (C::*)(A)> {
  using type = A;
};
template <class R, class A> struct handler_argument<R (*)(A)> {
  using type = A;
};

// A function of its own: g++ 12 refuses the dependent catch inside a pack fold.
template <class A, class H> bool handled_by(H& handler, const std::exception_ptr& error) {
  if constexpr (!std::is_pointer_v<std::remove_cvref_t<A>>)
    if (!thrown_as<std::remove_cvref_t<A>>(error)) return false;
  try {  // thrown once more, so that the handler may write `throw;`
    std::rethrow_exception(error);
  } catch (std::remove_cvref_t<A>& caught) {
    handler(caught);
    return true;
  } catch (...) {
    return false;
  }
}

// The errors of a group, and of the groups in it: nested nurseries throw nested groups.
inline void add_errors(const std::exception_ptr& error, std::vector<std::exception_ptr>& into) {
  if (auto* group = thrown_as<const error_group>(error)) {
    for (auto& inner : group->errors()) add_errors(inner, into);
  } else {
    into.push_back(error);
  }
}

}  // namespace detail

// What a handler throws joins what is left, so that no error is lost.
template <class... H> void handle_each(H&&... handlers) {
  std::exception_ptr current = std::current_exception(), cut;
  if (!current) throw usage_error("handle_each: call it in catch (...)");
  std::vector<std::exception_ptr> errors, left;
  if (thrown_as<cancelled>(current)) std::rethrow_exception(current);
  bool group = thrown_as<error_group>(current);
  detail::add_errors(current, errors);
  for (auto& e : errors) {
    try {
      if (!(detail::handled_by<typename detail::handler_argument<H>::type>(handlers, e) || ...))
        left.push_back(e);
    } catch (const cancelled&) {
      cut = std::current_exception();
    } catch (...) {
      left.push_back(std::current_exception());
    }
  }
  if (left.empty() && cut) std::rethrow_exception(cut);
  if (left.empty()) return;
  if (!group) std::rethrow_exception(left.front());
  throw error_group(std::move(left));
}

}  // namespace kettle::inline KETTLE_ABI
