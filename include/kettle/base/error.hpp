#pragma once
// The errors kettle throws. Operating errors carry the operation, the object and a std::error_code;
// misuse that a caller can meet is a usage_error; `cancelled` is no std::exception, so that `catch
// (std::exception&)` lets it by.

#include <kettle/base/require.hpp>
#include <kettle/base/text.hpp>

#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace kettle::inline KETTLE_ABI {

// Unwinds a cancelled task. Thrown only at wait points, again at every one while the scope is
// cancelled; never catch it to go on. `reason` is what cancel(reason) was given, "deadline" or
// "deadlock".
struct cancelled {
  cancelled() noexcept = default;
  explicit(false) cancelled(shared_text why) noexcept
      : reason(why.c_str()), kept_(std::move(why)) {}
  const char* reason = "";  // as long as the exception, or a copy of it, is there

 private:
  shared_text kept_;
};

// The caller broke a rule of the interface; the text says which, and what to write instead.
struct usage_error : std::logic_error {
  using std::logic_error::logic_error;
};

struct timeout_error : std::runtime_error {
  timeout_error() : std::runtime_error("timed out") {}
  using std::runtime_error::runtime_error;
};

// A try-operation would have had to wait.
struct would_block : std::runtime_error {
  would_block() : std::runtime_error("would block") {}
};

// Every sender of the channel is gone and nothing is left in it.
struct end_of_channel : std::runtime_error {
  end_of_channel() : std::runtime_error("end of channel") {}
};

// The object was closed on this side.
struct closed_resource : std::runtime_error {
  closed_resource() : std::runtime_error("closed") {}
  using std::runtime_error::runtime_error;
};

// The other side is gone, or the owner of a lock ended without unlocking.
struct broken_resource : std::runtime_error {
  broken_resource() : std::runtime_error("broken: the other side is gone") {}
  using std::runtime_error::runtime_error;
};

// A second reader (or writer) on one stream at the same time.
struct busy_resource : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Nothing can run, no timer is set, no I/O is pending, nobody outside can wake anybody. what() has
// the task tree.
struct deadlock_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The stream ended before what was asked for had come; `partial` is what did.
struct incomplete_read : std::runtime_error {
  incomplete_read(std::string got, std::size_t wanted);
  std::string partial;
  std::size_t expected;
};

// A line or record is longer than the limit; the data stays in the stream.
struct limit_overrun : std::runtime_error {
  explicit limit_overrun(std::size_t limit_bytes);
};

// A system call failed: "connect 127.0.0.1:80: Connection refused".
struct io_error : std::system_error {
  io_error(std::error_code code, std::string operation, std::string object);
  const char* what() const noexcept override { return text_.c_str(); }
  const std::string& operation() const noexcept { return operation_; }
  const std::string& object() const noexcept { return object_; }

 private:
  std::string operation_, object_, text_;
};

[[noreturn]] void throw_io_error(int error_number, std::string operation, std::string object);

// Every error of a nursery's children and body, told apart by identity, in the order they happened.
class error_group : public std::exception {
 public:
  explicit error_group(std::vector<std::exception_ptr> errors);
  const char* what() const noexcept override { return text_.c_str(); }  // "2 errors: a; b"
  const std::vector<std::exception_ptr>& errors() const noexcept { return errors_; }

 private:
  std::vector<std::exception_ptr> errors_;
  std::string text_;
};

// An error as a pointer; without memory to make it, what making it threw.
template <class E, class... A> std::exception_ptr error_pointer(A&&... a) noexcept {
  try {
    return std::make_exception_ptr(E(std::forward<A>(a)...));
  } catch (...) {
    return std::current_exception();
  }
}

// what() of any exception: std::exception's own, "cancelled", or "unknown exception".
std::string describe(const std::exception_ptr& error);

// Errors that can no longer be delivered go here (default: one line on stderr). Returns the former
// hook.
using dropped_error_hook = void (*)(const std::exception_ptr& error, const char* where) noexcept;
dropped_error_hook set_dropped_error_hook(dropped_error_hook hook) noexcept;
void drop_error(const std::exception_ptr& error, const char* where) noexcept;

}  // namespace kettle::inline KETTLE_ABI
