#pragma once
// testing::thread: a thread that an exploration plays.
//
//   testing::thread t("reader", [&] { ... });
//   t.join();                                   // or when it goes
//
// A plain thread to kettle: it may wait by .get() and has a loop of its own then. An exception that
// leaves its function is a failure. What the function holds ends with the thread. Only in a body of
// explore(): elsewhere usage_error.

#include <kettle/base/seam.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace kettle::inline KETTLE_ABI::testing {

namespace detail {

class thread_function {
 public:
  virtual ~thread_function() = default;
  virtual void call() = 0;
};

}  // namespace detail

class thread {
  using where = kettle::detail::seam::where;

 public:
  template <class F>
    requires std::is_invocable_v<F&>
  explicit thread(F f, where at = {}) : thread("", std::move(f), at) {}
  template <class F>
    requires std::is_invocable_v<F&>
  thread(const char* name, F f, where at = {}) {
    static_assert(std::is_void_v<std::invoke_result_t<F&>>,
                  "the function of a testing::thread returns nothing: wait for a task by .get()");
    struct function final : detail::thread_function {
      explicit function(F g) : f(std::move(g)) {}
      void call() override { f(); }
      F f;
    };
    start(name, std::make_unique<function>(std::move(f)), at);
  }
  thread(const thread&) = delete;
  thread& operator=(const thread&) = delete;
  ~thread() { join(); }
  void join(where at = {});  // harmless when it has been joined

 private:
  void start(const char* name, std::unique_ptr<detail::thread_function> f, where at);
  unsigned long handle_ = 0;
  bool joined_ = false;
};

}  // namespace kettle::inline KETTLE_ABI::testing
