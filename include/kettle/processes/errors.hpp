#pragma once
// What can go wrong between processes.
//
//   for (auto& made : pool.map(as_outcome, thumbnail, files))
//     if (auto* dead = made.error_as<worker_died>()) retry.push_back(files[made.index]);
//
// An error thrown in a worker arrives as the same type where the standard library or kettle knows
// it; any other as a remote_error with its type's name and text.

#include <kettle/base/clock.hpp>
#include <kettle/base/error.hpp>

#include <cstdint>

namespace kettle::inline KETTLE_ABI {

// The process that ran this task ended in the middle of it: by a signal, or because the task called
// exit. No other task is touched, and the pool goes on with a new worker.
struct worker_died : std::runtime_error {
  struct facts {
    int worker = 0;  // its number in the pool
    int pid = 0;
    int signal = 0;          // that killed it; 0: it exited
    int exit_code = 0;       // when signal == 0
    std::uint64_t task = 0;  // the pool's count of tasks, from 1
    std::size_t peak_rss_bytes = 0;
    duration cpu{};  // that it used in its life
  };
  explicit worker_died(const facts& f);
  facts how;
};

// The pool cannot make workers that live long enough to run a task; the text says why.
struct pool_broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// An error of a type that only the worker knows.
struct remote_error : std::runtime_error {
  remote_error(std::string type_name, const std::string& text);
  std::string type;
};

// Bytes that are no encoding of what was asked for.
struct decode_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace kettle::inline KETTLE_ABI
