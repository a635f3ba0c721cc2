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
 public:
  explicit thread(std::function<void()> f) : thread("", std::move(f)) {}
  thread(const char* name, std::function<void()> f);
  thread(const thread&) = delete;
  thread& operator=(const thread&) = delete;
  ~thread() { join(); }
  void join();  // harmless when it has been joined

 private:
  unsigned long handle_;
  bool joined_ = false;
};

}  // namespace kettle::inline KETTLE_ABI::testing
