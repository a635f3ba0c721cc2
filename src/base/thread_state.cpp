#include <kettle/base/seam.hpp>
#include <kettle/base/thread_state.hpp>

#include <utility>

#include <cxxabi.h>

extern "C" [[gnu::visibility("hidden")]] void* __dso_handle;  // this program or library

namespace kettle::inline KETTLE_ABI {

void run_thread_ends() noexcept {
  while (thread_end* e = tls.ends) {
    tls.ends = e->next;
    e->run(*e);
  }
}

void at_thread_end(thread_end& e) {
  // The language's own list of what a thread does at its end, to which a destructor that runs there
  // may still add. A played thread has its ends run by the explorer.
  if (!tls.ends && !detail::seam::exploring())
    abi::__cxa_thread_atexit([](void*) { run_thread_ends(); }, nullptr,
                             static_cast<void*>(&__dso_handle));
  e.next = std::exchange(tls.ends, &e);
}

}  // namespace kettle::inline KETTLE_ABI
