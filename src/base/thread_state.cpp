#include <kettle/base/atomic.hpp>
#include <kettle/base/seam.hpp>
#include <kettle/base/thread_state.hpp>

#include <utility>

#include <cxxabi.h>
#include <pthread.h>

extern "C" [[gnu::visibility("hidden")]] void* __dso_handle;  // this program or library

namespace kettle::inline KETTLE_ABI {

namespace {

atomic<bool> exits{false};  // relaxed: it orders nothing

// A key's destructor runs when all C++ objects of the thread are gone, and again for what later
// ones add. exit() runs none: what the exiting thread has lives to the end of the process.
struct end_key {
  end_key() noexcept {
    made = ::pthread_key_create(&key, [](void*) { run_thread_ends(); }) == 0;
  }
  pthread_key_t key{};
  bool made;
};
const end_key& the_key() noexcept {
  static const end_key one;
  return one;
}

// In the language's own list of what a thread does at its end, and of what exit() does first. Being
// there also keeps a plug-in that holds our code from being unloaded before.
void objects_go(void*) noexcept {
  tls.ending = true;
  for (thread_end* e = tls.ends; e;) {
    thread_end& now = *std::exchange(e, e->next);
    if (now.before) now.before(now);
  }
  if (!the_key().made) run_thread_ends();  // the program has used up all keys
}

}  // namespace

void run_thread_ends() noexcept {
  while (thread_end* e = tls.ends) {
    tls.ends = e->next;
    e->run(*e);
  }
}

void at_thread_end(thread_end& e) {
  // A played thread has its ends run by the explorer.
  if (!tls.ends && !detail::seam::exploring()) {
    if (!tls.ending)  // that list has been worked off
      abi::__cxa_thread_atexit(objects_go, nullptr, static_cast<void*>(&__dso_handle));
    if (the_key().made) ::pthread_setspecific(the_key().key, &tls);
  }
  e.next = std::exchange(tls.ends, &e);
}

void leave_thread_state() noexcept {
  tls.left = std::exchange(tls.ends, nullptr);
  tls.former = std::exchange(tls.at, nullptr);
  tls.current = nullptr;
  tls.next = nullptr;
  tls.newest_frame = {};
  tls.fiber_carrier = tls.code_cache = nullptr;
}

bool exits_here() noexcept { return tls.ending || exits.load(relaxed); }
void process_exits() noexcept { exits.store(true, relaxed); }

}  // namespace kettle::inline KETTLE_ABI
