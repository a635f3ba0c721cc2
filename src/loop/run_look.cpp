#include "loop/run_look.hpp"

#include "core/face.hpp"
#include "sys/process.hpp"
#include "sys/signals.hpp"
#include "sys/time.hpp"

#include <kettle/base/atomic.hpp>

#include <algorithm>
#include <cstring>
#include <optional>

namespace kettle::inline KETTLE_ABI::detail {

namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t patience_ns = 100 * ms, twice_ns = 1000 * ms;
// timeout(1) and others send a signal to the process and then to its group: one request, not two.
constexpr std::int64_t same_request_ns = 20 * ms;
constexpr std::int64_t retry_ns = ms;

// Handlers read and write these; relaxed: each stands for itself. Times are in ns, 0: none.
struct {
  std::optional<sys::signal_handler> quit;
  sys::later_signal again;
  atomic<std::int64_t> asked_at{0};    // the last SIGQUIT
  atomic<std::int64_t> ask_at{0};      // all homes are to be asked
  atomic<std::int64_t> name_at{0};     // those that have not answered are to be named
  atomic<std::int64_t> unheard_at{0};  // a run has had a signal, and its grace is over
} look;

std::int64_t now_ns() noexcept { return sys::monotonic_now().time_since_epoch().count(); }

// A line that is put together without memory.
class line {
 public:
  line& operator<<(const char* text) noexcept {
    std::size_t n = std::min(std::strlen(text), sizeof text_ - 1 - size_);
    std::memcpy(text_ + size_, text, n);
    size_ += n;
    return *this;
  }
  line& operator<<(std::int64_t number) noexcept {
    char digits[24];
    char* at = digits + sizeof digits - 1;
    *at = '\0';
    do *--at = char('0' + number % 10);
    while ((number /= 10) > 0);
    return *this << at;
  }
  ~line() {
    text_[size_++] = '\n';
    sys::write_to_stderr(text_, size_);
  }

 private:
  char text_[256];
  std::size_t size_ = 0;
};

void come_back(std::int64_t now) noexcept {
  std::int64_t next = 0;
  for (auto* at : {&look.ask_at, &look.name_at, &look.unheard_at}) {
    std::int64_t t = at->load(relaxed);
    if (t != 0 && (next == 0 || t < next)) next = t;
  }
  look.again.set(next != 0 ? std::max<std::int64_t>(next - now, 1) : 0);
}

// True: that time has come, and is taken.
bool due(atomic<std::int64_t>& at, std::int64_t now) noexcept {
  std::int64_t t = at.load(relaxed);
  return t != 0 && t <= now && at.compare_exchange_strong(t, 0, relaxed);
}

// Calls f for each home that does not rest. False: somebody has the list, maybe who is interrupted.
template <class F> bool each_face(F f) noexcept {
  home_face::list& all = home_face::all();
  if (!all.lock.try_lock()) return false;
  for (home_face* h = all.first; h; h = h->next())
    if (!h->resting()) f(*h);
  all.lock.unlock();
  return true;
}

void ask(std::int64_t now) noexcept {
  bool asked = each_face([](home_face& h) { h.ask_to_print(); });
  (asked ? look.name_at : look.ask_at).store(now + (asked ? patience_ns : retry_ns), relaxed);
}

void name_silent(std::int64_t now) noexcept {
  bool named = each_face([](home_face& h) {
    if (h.answered()) return;
    char name[64];
    std::size_t room = sizeof name - 1;
    bool known = h.try_running(name, room);
    line out;
    out << "thread " << h.thread_id() << ": no answer for 100 ms";
    if (!known) return;
    name[room] = '\0';
    out << "; it is in task " << name;
  });
  if (!named) look.name_at.store(now + retry_ns, relaxed);
}

}  // namespace

void look_begins(void (*handler)(int, siginfo_t*, void*), int signal) noexcept {
  if (sys::action_is_default(SIGQUIT)) look.quit.emplace(SIGQUIT, handler), signal = SIGQUIT;
  if (signal != 0) look.again.open(signal);
}

void look_ends() noexcept {
  look.again.close();
  look.quit.reset();
  for (auto* at : {&look.asked_at, &look.ask_at, &look.name_at, &look.unheard_at})
    at->store(0, relaxed);
}

bool is_second_look(const siginfo_t& about) noexcept { return look.again.sent(about); }

void look_now() noexcept {
  std::int64_t now = now_ns(), before = look.asked_at.load(relaxed);
  if (before != 0 && now - before < same_request_ns) return;
  if (before != 0 && now - before < twice_ns) sys::die_by(SIGQUIT);
  look.asked_at.store(now, relaxed);
  line() << "kettle: tasks of process " << sys::process_id()
         << "; SIGQUIT again within a second ends it";
  ask(now);
  come_back(now);
}

void look_if_unheard(duration grace) noexcept {
  std::int64_t now = now_ns();
  if (grace >= std::chrono::hours(1)) return;
  std::int64_t none = 0;
  look.unheard_at.compare_exchange_strong(none, now + grace.count() + patience_ns, relaxed);
  come_back(now);
}

void look_heard() noexcept {
  look.unheard_at.store(0, relaxed);
  come_back(now_ns());
}

void look_again(bool unheard) noexcept {
  std::int64_t now = now_ns();
  if (due(look.unheard_at, now) && unheard) {
    line() << "kettle: this run has been asked to end, and its thread has not looked at that yet; "
              "a second SIGINT or SIGTERM ends the process";
    ask(now);
  }
  if (due(look.ask_at, now)) ask(now);
  if (due(look.name_at, now)) name_silent(now);
  come_back(now);
}

}  // namespace kettle::inline KETTLE_ABI::detail
