#pragma once
// What the themes of the soak share: chance, rules, and what is counted.
//
//   chance random(seed);
//   check(inside.now() == 1, "the mutex is exclusive");      // counts, prints, and goes on
//
// A theme has a world, a table of small acts on it, and many workers which act at random, each act
// disturbed in a random way (ways.hpp). What it proves is what holds all the time, or at the end of
// a round; how fast anything is proves nothing here.

#include <kettle/kettle.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace soak {

using namespace kettle;
using namespace std::chrono_literals;

// The same choices for the same seed. Threads still meet as they like.
class chance {
 public:
  explicit chance(std::uint64_t seed) noexcept : state_(seed) {}

  std::uint32_t operator()(std::uint32_t below) noexcept { return std::uint32_t(next() % below); }
  bool one_in(std::uint32_t n) noexcept { return (*this)(n) == 0; }
  std::uint32_t between(std::uint32_t least, std::uint32_t most) noexcept {
    return least + (*this)(most - least + 1);
  }
  // Short ones are as likely as long ones: from over already to a quarter of a millisecond.
  duration moment() noexcept { return duration((*this)(1u << (*this)(19))); }
  template <class T, std::size_t N> const T& of(const T (&table)[N]) noexcept {
    return table[(*this)(N)];
  }
  template <class T> T& of(std::span<T> table) noexcept {
    return table[(*this)(std::uint32_t(table.size()))];
  }
  // For somebody who chooses at the same time.
  chance branch() noexcept { return chance(next()); }

 private:
  std::uint64_t next() noexcept {  // splitmix64 (Steele, Lea, Flood)
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

// A rule that has to hold; one that does not is told on stderr, and the program will fail.
void check(bool holds, const char* rule) noexcept;
void check_equal(long got, long right, const char* rule) noexcept;
void violated(const std::string& what) noexcept;
long violations() noexcept;

// Counts itself. Those of a household also count there, and it ends after all of them.
class household {
 public:
  household() = default;
  household(const household&) = delete;
  household& operator=(const household&) = delete;
  ~household() { check_equal(members_, 0, "a child has ended before its form returns"); }

 private:
  friend class counted;
  std::atomic<long> members_{0};
};

class counted {
 public:
  counted() noexcept { begin(); }
  explicit counted(household& h) noexcept : of_(&h) { begin(); }
  counted(const counted& o) noexcept : of_(o.of_) { begin(); }
  counted& operator=(const counted&) = delete;
  ~counted();

  // What was abandoned ends when it likes: waits for it, and gives how many are left at last.
  static long left() noexcept;

 private:
  void begin() noexcept;
  household* of_ = nullptr;
};

// How many are in it at once.
class section {
 public:
  int now() const noexcept { return inside_; }

 private:
  friend class visit;
  std::atomic<int> inside_{0};
};
class visit {
 public:
  explicit visit(section& s) noexcept : of_(s) { of_.inside_++; }
  visit(const visit&) = delete;
  visit& operator=(const visit&) = delete;
  ~visit() { of_.inside_--; }

 private:
  section& of_;
};

// What a round did, for its line.
struct report {
  long operations = 0;
  std::string counts;
};

struct theme {
  const char* name;
  report (*round)(std::uint64_t seed);
};
extern const theme waits, lives, streams;

// Work on a world by a few on the loop, a few fibers and a few threads.
constexpr int on_each = 4, everywhere = 3 * on_each;
template <class World>
void from_everywhere(nursery& n, World& world, task<> (*work)(World&, chance, int number),
                     chance& random) {
  for (int i = 0; i < everywhere; i += 3) {
    n.start(name("on the loop"), work, std::ref(world), random.branch(), i);
    n.start(name("on a fiber"), on_fiber, work, std::ref(world), random.branch(), i + 1);
    n.start(name("on a thread"), on_thread, work, std::ref(world), random.branch(), i + 2);
  }
}

}  // namespace soak
