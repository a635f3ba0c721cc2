#pragma once
// testing::var<T>: an ordinary variable whose accesses an exploration sees: each is a point, and
// two of them that race are a failure, even if nothing bad came of it this time.
//
//   testing::var<int> n = 0;
//   n = n + 1;                       // a read, then a write
//
// Race: two accesses on two threads, at least one of them a write, and nothing that orders them (no
// lock, no release that the other acquired, no start or join of a thread). Only in a body of
// explore().

#include <kettle/base/seam.hpp>

#include <memory>
#include <utility>

namespace kettle::inline KETTLE_ABI::testing {

namespace detail {

struct variable_history;

// What an exploration remembers of a variable.
class variable {
 public:
  variable();
  variable(const variable&) = delete;
  variable& operator=(const variable&) = delete;
  ~variable();
  void access(bool writes, kettle::detail::seam::where at) const;

 private:
  std::unique_ptr<variable_history> history_;
};

}  // namespace detail

template <class T> class var {
  using where = kettle::detail::seam::where;

 public:
  var() = default;
  explicit(false) var(T value) : value_(std::move(value)) {}
  var(const var&) = delete;
  var& operator=(const var&) = delete;

  T get(where at = {}) const {
    seen_.access(false, at);
    return value_;
  }
  void set(T value, where at = {}) {
    seen_.access(true, at);
    value_ = std::move(value);
  }
  // Without a place of their own in schedules.
  explicit(false) operator T() const { return get(); }  // NOLINT: as of a T
  var& operator=(T value) {
    set(std::move(value));
    return *this;
  }

 private:
  T value_{};
  detail::variable seen_;
};

}  // namespace kettle::inline KETTLE_ABI::testing
