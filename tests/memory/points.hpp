#pragma once
// Tries a body with a fault at its first point, its second, and so on, until it meets none.
//
//   int points = at_every_point("all", arm, was_hit, [] { run(...); });

#include "../calls/row.hpp"

#include <kettle/base/error.hpp>
#include <kettle/base/thrown.hpp>

#include <gtest/gtest.h>

#include <exception>
#include <new>

namespace kettle::tests {

// What was thrown at a point by itself, or by a nursery, alone or with others of its kind.
template <class Fault> bool is_only(const std::exception_ptr& e) {
  if (thrown_as<Fault>(e)) return true;
  auto* group = thrown_as<error_group>(e);
  if (!group) return false;
  for (auto& one : group->errors())
    if (!is_only<Fault>(one)) return false;
  return true;
}

// arm(k): the k-th point from now on fails; disarm(): true if it has failed. A body either gets by
// or throws the fault.
template <class Fault, class Arm, class Disarm, class Body>
int at_every_point(const char* name, Arm arm, Disarm disarm, Body body) {
  int absorbed = 0, thrown = 0;
  for (int k = 1;; k++) {
    std::exception_ptr error;
    arm(k);
    try {
      body();
    } catch (...) {
      error = std::current_exception();
    }
    bool failed = disarm();
    if (error && !(failed && is_only<Fault>(error))) {
      ADD_FAILURE() << name << ", point " << k << ": " << describe(error);
      return 0;
    }
    if (!failed) break;
    ++(error ? thrown : absorbed);
  }
  print_row({.sweep = "memory",
             .body = name,
             .where = std::is_same_v<Fault, std::bad_alloc> ? "new" : "a move",
             .points = thrown + absorbed,
             .absorbed = absorbed,
             .reported = thrown});
  return thrown + absorbed;
}

}  // namespace kettle::tests
