#pragma once
// handle_each: kettle's except*.

#include <kettle/base/error.hpp>

#include <type_traits>
#include <utility>
#include <vector>

namespace kettle::inline v0 {

namespace detail {

template <class F>
struct handler_argument : handler_argument<decltype(&std::remove_cvref_t<F>::operator())> {};
template <class R, class C, class A>
struct handler_argument<R (C::*)(A) const> {
  using type = A;
};
template <class R, class C, class A>
struct handler_argument<R (C::*)(A)> {
  using type = A;
};
template <class R, class A>
struct handler_argument<R (*)(A)> {
  using type = A;
};

// A function of its own: g++ 12 refuses the dependent catch inside a pack fold.
template <class A, class H>
bool handled_by(H& handler, const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (A caught) {
    handler(caught);
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace detail

template <class... H>
void handle_each(H&&... handlers) {
  std::exception_ptr current = std::current_exception();
  std::vector<std::exception_ptr> errors, left;
  bool group = false;
  try {
    std::rethrow_exception(current);
  } catch (const cancelled&) {
    throw;
  } catch (const error_group& g) {
    errors = g.errors();
    group = true;
  } catch (...) {
    errors.push_back(current);
  }
  for (auto& e : errors)
    if (!(detail::handled_by<typename detail::handler_argument<H>::type>(handlers, e) || ...)) left.push_back(e);
  if (left.empty()) return;
  if (!group) std::rethrow_exception(left.front());
  throw error_group(std::move(left));
}

}  // namespace kettle::inline v0
