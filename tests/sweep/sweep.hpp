#pragma once
// The sweep of cancellation: a body runs inside a scope, and the scope is cancelled, or its
// deadline made to expire, at the body's first wait, in the next run at its second, and so on,
// until a run ends before it has reached that many. However it is cut, a run must end, and the
// body's books balance.
//
// The bodies are in bodies_*.inc, which each place includes with words of its own, as the
// behaviours do (tests/behaviours/suite.hpp): WHERE, TASK(T), AWAIT(w), HERE(f(x)), RET,
// CALL(f, args...).

#include "books.hpp"
#include "cut.hpp"

#include <kettle/kettle.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace kettle::sweep {

using namespace std::chrono_literals;

inline constexpr duration tick = 1s;

// The only error that a body may let go up.
struct oops : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What a body derives from: it does its work in act(), and says in settle(), when its run is over,
// whether all is in order.
struct body_of_sweep {
  // So long it may go on by the virtual clock after the cut: for cleanup under a shield.
  static constexpr duration grace = 0s;
  void settle(books&) {}
  books book;
};

// One run of a body at a place, to be cut there; the place's errors go up.
using run_of_body = void (*)(cut& at, books& book);

struct entry {
  const char* body;
  const char* place;
  int least;  // waits that must begin in it
  run_of_body run;
};

std::vector<entry>& entries();

struct listed {
  listed(const char* body, const char* place, int least, run_of_body run) {
    entries().push_back({body, place, least, run});
  }
};

// The pool that is a place.
thread_pool& pool();

inline run_options on_the_virtual_clock() {
  run_options o;
  o.time = time_kind::virtual_time;
  return o;
}

// Has settled when its run is over.
template <class Body> void run_and_settle(cut& at, books& book, void (*run_it)(Body&, cut&)) {
  Body body;
  at.allows(Body::grace);
  std::exception_ptr error;
  try {
    run_it(body, at);
  } catch (...) {
    error = std::current_exception();
  }
  body.settle(body.book);
  book.take_over(body.book);
  if (error) std::rethrow_exception(error);
}

}  // namespace kettle::sweep

// BODY(name, least) { ... }; is a body in the place of this file, listed with the waits that it
// must reach. Run twice: in a scope of the place's own, and in one of the loop around it.
#define BODY(name, least)                                                                      \
  struct name;                                                                                 \
  const listed name##_inside(#name, PLACE_TEXT, least, inside<name>);                          \
  const listed name##_around(#name, PLACE_TEXT ", cut by its loop", least, from_around<name>); \
  struct name : body_of_sweep
