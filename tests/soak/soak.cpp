// kettle_soak THEME [--seconds S | --rounds N] [--seed N] [--hang S]
//
// Plays rounds of a theme for so long, or so many. Says the seed first, a line for each round, and
// at the end what it did in all. Exit status: 0 every rule held, 1 one did not, 2 usage, 3 a round
// took longer than the hang guard allows (60 s): what every task waits for is on stderr then.
// 77: the back end that KETTLE_BACKEND asks for is denied here.

#include "ways.hpp"

#include "loop/choose.hpp"

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <random>
#include <string_view>
#include <thread>

#include <unistd.h>

namespace soak {

namespace {

std::atomic<long> broken{0};
constexpr long most_told = 20;

// A counted that goes tells when it was the last one.
struct census {
  std::mutex lock;
  std::condition_variable empty;
  std::atomic<long> living{0};
};
census& everybody() {
  static auto* all = new census;  // abandoned threads may outlive main
  return *all;
}

struct options {
  const theme* what = nullptr;
  double seconds = 0;
  long rounds = 0;
  std::uint64_t seed = std::random_device()();
  long hang_s = 60;
};

// Ends the process when a round hangs; a thread of its own, for the round's may all be stuck.
class hang_guard {
 public:
  explicit hang_guard(long limit_s) : limit_(limit_s), thread_([this] { watch(); }) {}
  ~hang_guard() {
    {
      std::lock_guard held(lock_);
      over_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  void begin_round() {
    {
      std::lock_guard held(lock_);
      round_++;
    }
    changed_.notify_one();
  }

 private:
  void watch() {
    std::unique_lock held(lock_);
    while (!over_) {
      const long round = round_;
      if (changed_.wait_for(held, limit_, [&] { return over_ || round_ != round; })) continue;
      std::fprintf(stderr, "round %ld hangs: longer than %lld s\n", round - 1,
                   static_cast<long long>(limit_.count()));
      ::alarm(10);  // should the dump hang too
      dump_tasks();
      ::_exit(3);
    }
  }

  std::chrono::seconds limit_;
  std::mutex lock_;
  std::condition_variable changed_;
  long round_ = 0;
  bool over_ = false;
  std::thread thread_;
};

[[noreturn]] void usage(const char* why) {
  std::fprintf(stderr,
               "kettle_soak: %s\n"
               "usage: kettle_soak waits|lives|streams [--seconds S | --rounds N] [--seed N] "
               "[--hang S]\n",
               why);
  std::exit(2);
}

double number(const char* text) {
  char* end = nullptr;
  const double value = text ? std::strtod(text, &end) : 0;
  if (!text || *end || !(value >= 0)) usage("a number is missing");
  return value;
}

options parse(char** argv) {
  options o;
  for (const theme* t : {&waits, &lives, &streams})
    if (argv[1] && std::string_view(argv[1]) == t->name) o.what = t;
  if (!o.what) usage("which theme?");
  for (char** a = argv + 2; *a; a += 2) {
    const std::string_view name = *a;
    if (name == "--seconds")
      o.seconds = number(a[1]);
    else if (name == "--rounds")
      o.rounds = long(number(a[1]));
    else if (name == "--seed" && a[1])
      o.seed = std::strtoull(a[1], nullptr, 0);
    else if (name == "--hang")
      o.hang_s = long(number(a[1]));
    else
      usage("what is that option?");
  }
  if (o.seconds == 0 && o.rounds == 0) o.rounds = 1;
  return o;
}

bool back_end_is_denied() {
  const char* wanted = std::getenv("KETTLE_BACKEND");
  return wanted && std::string_view(wanted) == "io_uring" && uring_denied_here() != 0;
}

int soak(const options& o) {
  std::printf("%s, back end %s, seed %llu\n", o.what->name, name_of(choose_backend().kind),
              static_cast<unsigned long long>(o.seed));
  std::fflush(stdout);
  using clock = std::chrono::steady_clock;
  const auto start = clock::now();
  auto seconds = [&] { return std::chrono::duration<double>(clock::now() - start).count(); };
  hang_guard guard(o.hang_s);
  chance random(o.seed);
  long round = 0, operations = 0;
  for (; o.rounds ? round < o.rounds : seconds() < o.seconds; round++) {
    guard.begin_round();
    const long before = violations();
    const report r = o.what->round(random.branch()(~0u));
    check_equal(counted::left(), 0, "nothing is alive after a round");
    operations += r.operations;
    std::printf("round %ld: %ld operations, %s: %s\n", round, r.operations, r.counts.c_str(),
                violations() == before ? "ok" : "VIOLATED");
    std::fflush(stdout);
  }
  std::printf("in all %ld rounds, %ld operations, %.1f s, %ld violations\n", round, operations,
              seconds(), violations());
  return violations() ? 1 : 0;
}

}  // namespace

void violated(const std::string& what) noexcept {
  if (broken++ < most_told) std::fprintf(stderr, "VIOLATED: %s\n", what.c_str());
}
void check(bool holds, const char* rule) noexcept {
  if (!holds) violated(rule);
}
void check_equal(long got, long right, const char* rule) noexcept {
  if (got != right)
    violated(std::string(rule) + ": " + std::to_string(got) + ", not " + std::to_string(right));
}
long violations() noexcept { return broken; }

void allow_booms(const char* act) {
  try {
    handle_each([](const boom&) {});
  } catch (const std::exception& e) {
    violated(std::string(act) + " failed: " + e.what());
  }
}

void counted::begin() noexcept {
  everybody().living++;
  if (of_) of_->members_++;
}
counted::~counted() {
  if (of_) of_->members_--;
  census& all = everybody();
  if (--all.living > 0) return;
  std::lock_guard held(all.lock);  // who waits has looked, or has not begun to
  all.empty.notify_all();
}
long counted::left() noexcept {
  census& all = everybody();
  std::unique_lock held(all.lock);
  all.empty.wait_for(held, 10s, [&] { return all.living == 0; });
  return all.living;
}

}  // namespace soak

int main(int, char** argv) {
  const soak::options o = soak::parse(argv);
  if (soak::back_end_is_denied()) {
    std::printf("SKIP: io_uring is denied here\n");
    return 77;
  }
  // Two tries that fail at once are usual here; which of them is told does not matter.
  kettle::set_dropped_error_hook([](const std::exception_ptr&, const char*) noexcept {});
  return soak::soak(o);
}
