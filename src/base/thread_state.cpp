#include <kettle/base/thread_state.hpp>

#include <utility>

namespace kettle::inline KETTLE_ABI {

void run_thread_ends() noexcept {
  while (thread_end* e = tls.ends) {
    tls.ends = e->next;
    e->run(*e);
  }
}

void at_thread_end(thread_end& e) {
  // The one thread-local outside of `tls`: only the language calls something at a thread's end.
  struct closer {
    ~closer() { run_thread_ends(); }
  };
  thread_local closer at_exit;
  (void)at_exit;
  e.next = std::exchange(tls.ends, &e);
}

}  // namespace kettle::inline KETTLE_ABI
