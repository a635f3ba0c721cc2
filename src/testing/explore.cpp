#include <kettle/testing/explore.hpp>

#include "base/sanitized.hpp"
#include "core/domain.hpp"
#include "sys/signals.hpp"
#include "sys/time.hpp"
#include "testing/engine.hpp"
#include "testing/path.hpp"
#include "testing/strategy.hpp"

#include <kettle/base/error.hpp>
#include <kettle/threads/on_thread.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iterator>
#include <mutex>
#include <optional>
#include <ostream>
#include <utility>

#include <fmt/format.h>

namespace kettle::inline KETTLE_ABI::testing {

namespace {

using detail::engine;
using detail::path;
using detail::schedule_result;

// KETTLE_SEED; null: there is none.
const char* seed_to_replay() noexcept {
  const char* seed = std::getenv("KETTLE_SEED");
  return seed && *seed ? seed : nullptr;
}

// An abort in a body is an end of the schedule.
void fail_on_terminate() {
  if (kettle::detail::seam::exploring())
    engine::here().fail("terminate", "std::terminate was called", {"", 0});
  std::abort();
}

// So is a crash of the process, which at least says how to come there again. Not under
// AddressSanitizer, whose own report says more.
[[maybe_unused]] void tell_seed_of_crash(int signal) {
  if (kettle::detail::seam::exploring()) {
    path departures = engine::here().departures();
    kettle::detail::seam::player = nullptr;
    std::string text =
        fmt::format("kettle: signal {} in a schedule of an exploration; KETTLE_SEED={}\n", signal,
                    detail::text_of(departures));
    std::fputs(text.c_str(), stderr);
  }
  sys::die_by(signal);
}

// Handlers belong to the process: the first of several explorations at once takes them over, and
// the last one gives them back.
class process_guard {
 public:
  process_guard() {
    std::lock_guard hold(lock);
    if (explorations++ > 0) return;
    before = std::set_terminate(fail_on_terminate);
#if !KETTLE_ASAN
    for (std::size_t i = 0; i < std::size(signals); i++)
      handlers[i].emplace(signals[i], tell_seed_of_crash);
#endif
  }
  process_guard(const process_guard&) = delete;
  process_guard& operator=(const process_guard&) = delete;
  ~process_guard() {
    std::lock_guard hold(lock);
    if (--explorations > 0) return;
    for (auto& h : handlers) h.reset();
    std::set_terminate(before);
  }

 private:
  static constexpr int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
  static inline std::mutex lock;
  static inline int explorations = 0;
  static inline std::terminate_handler before = nullptr;
  static inline std::optional<sys::signal_handler> handlers[std::size(signals)];
};

// One exploration.
class explorer {
 public:
  explorer(const options& o, std::function<void()> body)
      : options_(o),
        body_(std::move(body)),
        engine_({.store_buffers = o.weak == tso,
                 .most_points = o.most_points,
                 .races = seed_to_replay() != nullptr}),
        began_(sys::monotonic_now()) {
    // Made once for the whole process, and so not in the middle of a schedule.
    domain::outside();
    on_cores_t::width();
  }

  exploration run() {
    if (const char* seed = seed_to_replay()) {
      found_.found_by = "KETTLE_SEED";
      replayed(detail::parse_path(seed));
    } else if (is_deterministic()) {
      search();
    }
    found_.took = sys::monotonic_now() - began_;
    return std::move(found_);
  }

 private:
  bool has_time() const noexcept {
    return sys::monotonic_now() - began_ < duration(options_.time) &&
           found_.schedules < options_.seeds;
  }

  // True: it has failed.
  bool play(detail::strategy& s, const std::string& by) {
    last_ = engine_.play(body_, s);
    if (last_.failed.kind.empty() &&
        engine_.races_were_missed()) {  // its first variable: once more
      auto again = detail::make_replay(last_.departures);
      again->begin();
      last_ = engine_.play(body_, *again);
    }
    found_.schedules++;
    found_.points += last_.points;
    if (last_.failed.kind.empty()) return false;
    found_.found_by = by;
    report(shortened(last_.departures));
    return true;
  }

  bool is_deterministic() {
    auto usual = detail::make_replay({});
    schedule_result once = engine_.play(body_, *usual);
    schedule_result twice = engine_.play(body_, *usual);
    if (once.hash == twice.hash || !once.failed.kind.empty() || !twice.failed.kind.empty())
      return true;
    found_.failed = true;
    found_.kind = "nondeterminism";
    found_.message =
        "the same schedule went two ways: does the body use time, random numbers, addresses, or "
        "something that an earlier call has left behind?";
    return false;
  }

  void search() {
    using kind = strategy::kind;
    switch (options_.strategy.how) {
      case kind::random: return sample({{detail::make_random(options_.first_seed), "random"}});
      case kind::pos: return sample({{detail::make_pos(options_.first_seed), "pos"}});
      case kind::pct: {
        unsigned depth = options_.strategy.number;
        return sample(
            {{detail::make_pct(options_.first_seed, depth), fmt::format("pct({})", depth)}});
      }
      case kind::dfs: return exhaust(options_.strategy.number);
      case kind::rotate: break;
    }
    std::uint64_t seeds = options_.seeds;
    options_.seeds = seeds / 2;
    duration time = options_.time;
    options_.time = time / 2;
    sample({{detail::make_pos(options_.first_seed), "pos"},
            {detail::make_pct(options_.first_seed + 1, 2), "pct(2)"},
            {detail::make_pct(options_.first_seed + 2, 3), "pct(3)"},
            {detail::make_random(options_.first_seed + 3), "random"}});
    options_.seeds = seeds;
    options_.time = time;
    if (!found_.failed) exhaust(2);
  }

  struct named {
    std::unique_ptr<detail::strategy> how;
    std::string name;
  };
  template <std::size_t N> void sample(named (&&turns)[N]) {
    for (std::size_t i = 0; has_time(); i = (i + 1) % N) {
      turns[i].how->begin();
      if (play(*turns[i].how, turns[i].name)) return;
    }
  }

  // Bound after bound, so that the simple failures come first.
  void exhaust(unsigned bound) {
    for (unsigned b = 0; b <= bound; b++) {
      auto all = detail::make_dfs(b);
      while (all->begin()) {
        if (!has_time()) return;
        if (play(*all, fmt::format("dfs({})", b))) return;
      }
      found_.bound = b;
      found_.exhausted = b == bound || !all->was_cut();
      if (found_.exhausted) return;
    }
  }

  // Leaves departures out while it still fails in the same way.
  path shortened(path p) {
    constexpr int most_tries = 3000;
    int tries = 0;
    std::string kind = last_.failed.kind;
    for (std::size_t chunk = std::max<std::size_t>(p.size() / 2, 1); chunk > 0 && !p.empty();) {
      bool shorter = false;
      for (std::size_t from = 0; from < p.size() && tries < most_tries; tries++) {
        path without = p;
        without.erase(without.begin() + std::ptrdiff_t(from),
                      without.begin() + std::ptrdiff_t(std::min(from + chunk, p.size())));
        auto s = detail::make_replay(without);
        s->begin();
        schedule_result r = engine_.play(body_, *s);
        if (r.failed.kind == kind && r.departures.size() < p.size()) {
          p = std::move(r.departures);
          shorter = true;
        } else {
          from += chunk;
        }
      }
      if (tries >= most_tries) break;
      if (!shorter || chunk > p.size()) chunk = chunk == 1 && shorter ? 1 : chunk / 2;
    }
    return p;
  }

  void replayed(const path& p) {
    found_.schedules++;
    report(p);
  }

  void report(const path& p) {
    detail::trace steps;
    auto s = detail::make_replay(p);
    s->begin();
    schedule_result r = engine_.play(body_, *s, &steps);
    found_.failed = !r.failed.kind.empty() || !last_.failed.kind.empty();
    const detail::failure& f = r.failed.kind.empty() ? last_.failed : r.failed;
    found_.kind = f.kind;
    found_.message = f.message;
    found_.schedule = steps.text();
    found_.seed = detail::text_of(p);
    if (r.failed.kind.empty() && found_.failed)
      found_.message += " (and did not happen again: the body is not deterministic)";
  }

  options options_;
  const std::function<void()> body_;
  process_guard process_;
  engine engine_;
  const time_point began_;
  exploration found_;
  schedule_result last_;
};

}  // namespace

exploration detail::explore(const options& o, body_reference body) {
  if (kettle::detail::seam::exploring())
    throw usage_error("explore: this is the body of an exploration already");
  return explorer(o, [body] { body.call(body.body); }).run();
}

std::string exploration::text() const {
  double seconds = std::chrono::duration<double>(took).count();
  if (!failed)
    return fmt::format("no failure in {} schedules, {} points, {:.2f} s{}", schedules, points,
                       seconds,
                       exhausted ? fmt::format("; all with at most {} preemptions", bound) : "");
  return fmt::format(
      "{}: {}\nfound by {} in schedule {}; the shortest schedule found:\n{}run it again with "
      "KETTLE_SEED={}\n",
      kind, message, found_by, schedules, schedule, seed);
}

std::ostream& operator<<(std::ostream& out, const exploration& e) { return out << e.text(); }

}  // namespace kettle::inline KETTLE_ABI::testing
