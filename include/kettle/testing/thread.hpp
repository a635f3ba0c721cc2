#pragma once
// testing::thread: a thread that an exploration plays.
//
//   testing::thread t("reader", [&] { ... });
//   t.join();                                   // or when it goes
//
// A plain thread to kettle: it may wait by .get() and has a loop of its own then. An exception that
// leaves its function is a failure. Only in a body of explore().

#include <kettle/base/seam.hpp>

#include <functional>
#include <utility>

namespace kettle::inline KETTLE_ABI::testing {

class thread {
  using where = kettle::detail::seam::where;

 public:
  explicit thread(std::function<void()> f, where at = {}) : thread("", std::move(f), at) {}
  thread(const char* name, std::function<void()> f, where at = {});
  thread(const thread&) = delete;
  thread& operator=(const thread&) = delete;
  ~thread() { join(); }
  void join(where at = {});  // harmless when it has been joined

 private:
  unsigned long handle_;
  bool joined_ = false;
};

}  // namespace kettle::inline KETTLE_ABI::testing
