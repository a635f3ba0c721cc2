#pragma once
// outcome<T>: a value or an error.
//
//   auto got = co_await as_outcome(fetch(url));
//   if (got) use(*got); else log(got.what());
//
// `*o` of a failed outcome throws its error. `index` is the input position when it comes from a
// map.

#include <kettle/base/error.hpp>
#include <kettle/base/thrown.hpp>

#include <optional>
#include <type_traits>
#include <utility>

namespace kettle::inline KETTLE_ABI {

struct nothing {};  // what an outcome or an optional of void holds
template <class T> using void_to_nothing = std::conditional_t<std::is_void_v<T>, nothing, T>;

template <class T> class outcome {
 public:
  using value_type = T;
  outcome() = default;
  template <class... A>
  explicit outcome(std::in_place_t, A&&... a) : value_(std::in_place, std::forward<A>(a)...) {}
  explicit outcome(std::exception_ptr error) noexcept : error_(std::move(error)) {}
  outcome(outcome&&) noexcept = default;
  outcome& operator=(outcome&&) noexcept = default;
  outcome(const outcome&) = default;
  outcome& operator=(const outcome&) = default;

  explicit operator bool() const noexcept { return value_.has_value(); }
  bool has_value() const noexcept { return value_.has_value(); }
  void_to_nothing<T>& operator*() & { return value(); }
  void_to_nothing<T>&& operator*() && { return std::move(value()); }
  void_to_nothing<T>* operator->() { return &value(); }
  void_to_nothing<T>& value() {
    if (!value_) {
      if (error_) std::rethrow_exception(error_);
      throw usage_error("this outcome is empty");
    }
    return *value_;
  }

  const std::exception_ptr& error() const noexcept { return error_; }
  std::string what() const { return value_ ? std::string() : describe(error_); }
  // The error if it is an E, else null. Points into the exception: valid as long as the outcome.
  template <class E> const E* error_as() const { return thrown_as<const E>(error_); }

  std::size_t index = 0;

 private:
  std::optional<void_to_nothing<T>> value_;
  std::exception_ptr error_;
};

}  // namespace kettle::inline KETTLE_ABI
