// Installing signal handlers: the pointer alone is exchanged for ours, so flags and masks stay what
// the program asked for. On x86-64 the kernel passes all three arguments to either kind of handler.

#include "green/handlers.hpp"

#include "green/engine.hpp"
#include "green/hook.hpp"
#include "green/scheduler.hpp"

namespace kettle::inline KETTLE_ABI::green {

namespace {

libc_function<int(int, const struct sigaction*, struct sigaction*)> next_sigaction{"sigaction"};
libc_function<sighandler_t(int, sighandler_t)> next_signal{"signal"};

constexpr int most_signals = 65;
atomic<void*> handlers[most_signals];  // the program's: functions, of one argument or of three
atomic<bool> restarts[most_signals];
atomic<unsigned> called{0};

void call(int number, siginfo_t* info, void* context) {
  called.fetch_add(1, relaxed);
  if (fiber* main = here.main) {
    if (main->now == fiber::state::parked && main->interruptible) {
      if (!has_restart(number)) here.breaks.store(true, relaxed);
      here.interrupts.store(true, relaxed);
    }
    if (!self || here.busy) engine_ring_bell();  // the carrier may be about to sleep
  }
  using function = void(int, siginfo_t*, void*);
  reinterpret_cast<function*>(handlers[number].load(relaxed))(number, info, context);
}
void* ours() noexcept { return reinterpret_cast<void*>(call); }

bool is_function(void* h) noexcept {
  return h != reinterpret_cast<void*>(SIG_DFL) && h != reinterpret_cast<void*>(SIG_IGN) &&
         h != reinterpret_cast<void*>(SIG_ERR) && h != ours();
}

// Installs what stands for `handler`; tells what stood there, as the program knows it.
template <class Install>
void* exchange(int number, void* handler, bool restart, Install install) noexcept {
  void* before = handlers[number].load(relaxed);
  bool function = is_function(handler);
  if (function) {
    handlers[number].store(handler, relaxed);
    restarts[number].store(restart, relaxed);
  }
  void* old = install(function ? ours() : handler);
  return old == ours() ? before : old;
}

}  // namespace

unsigned handlers_called() noexcept { return called.load(relaxed); }
bool has_restart(int number) noexcept {
  return number > 0 && number < most_signals && restarts[number].load(relaxed);
}

}  // namespace kettle::inline KETTLE_ABI::green

using namespace kettle::green;

KETTLE_GREEN_HOOK int sigaction(int number, const struct sigaction* wanted,
                                struct sigaction* old) noexcept {
  if (number < 1 || number >= most_signals) return next_sigaction(number, wanted, old);
  struct sigaction was{};
  int r = -1;
  void* handler = wanted ? reinterpret_cast<void*>(wanted->sa_handler) : nullptr;
  bool restart = wanted && (wanted->sa_flags & SA_RESTART);
  void* before = exchange(number, handler, restart, [&](void* instead) {
    struct sigaction action{};
    if (wanted) action = *wanted;
    action.sa_handler = reinterpret_cast<sighandler_t>(instead);
    r = next_sigaction(number, wanted ? &action : nullptr, &was);
    return reinterpret_cast<void*>(was.sa_handler);
  });
  if (r == 0 && old) {
    *old = was;
    old->sa_handler = reinterpret_cast<sighandler_t>(before);
  }
  return r;
}

KETTLE_GREEN_HOOK sighandler_t signal(int number, sighandler_t wanted) noexcept {
  if (number < 1 || number >= most_signals) return next_signal(number, wanted);
  void* before = exchange(number, reinterpret_cast<void*>(wanted), true, [=](void* instead) {
    return reinterpret_cast<void*>(next_signal(number, reinterpret_cast<sighandler_t>(instead)));
  });
  return reinterpret_cast<sighandler_t>(before);
}
