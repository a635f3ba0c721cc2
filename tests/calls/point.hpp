#pragma once
// One run of a body in a child process, with one call failing in it or none.
//
//   tried t = try_point(body, "epoll", {index_of("read"), EIO, 1});
//
// The child runs the body, says what came of it, runs it once more without a fault, and counts its
// descriptors.

#include "fault.hpp"

#include <stdexcept>
#include <string>

#include <sys/types.h>

namespace kettle::tests {

struct body {
  const char* name;
  void (*run)();                 // returns when everything is as it should be, throws otherwise
  const char* calls;             // of the table, that it makes for certain; words
  bool chooses_backend = false;  // by itself: swept once, not with each back end
};

// A body throws it when it has come to its end and something is not as it should be.
struct lost : std::runtime_error {
  using std::runtime_error::runtime_error;
};

enum class verdict : std::uint8_t {
  absorbed,
  reported,
  fault,
  not_met,  // there was no such call this time
};

struct tried {
  verdict what = verdict::fault;
  std::string text;
  std::uint32_t calls[call_count] = {};
};

// Where a child may have files; they go when it has ended.
std::string folder_of(pid_t child);

tried try_point(const body& b, const char* backend, const fault& f);

}  // namespace kettle::tests
