#pragma once
// What the theme `waits` is played in: everything that tasks meet in, and the books of what went
// through it.

#include "ways.hpp"

#include <array>
#include <vector>

namespace soak {

constexpr int waits_each = 250;

struct parcel {
  parcel(int n, int from) noexcept : number(n), sender(from) {}
  int number;
  int sender;
  counted here;
  bool operator<(const parcel& o) const { return number < o.number; }
};

// Which parcels were sent, and which received: in the end the same, each once.
class ledger {
 public:
  int next() { return next_++; }
  void sent(int number) { mark(number, 1, "a parcel is sent once"); }
  void received(int number) { mark(number, 2, "a parcel is received once"); }
  // The parcels that were sent, when nothing is on the way any more.
  long settle() {
    long sent = 0;
    for (const auto& m : marks_) {
      check(m == 0 || m == 3, "what is received is what was sent");
      sent += m & 1;
    }
    return sent;
  }

 private:
  void mark(int number, unsigned char bit, const char* rule) {
    check(!(marks_[std::size_t(number)].fetch_or(bit) & bit), rule);
  }
  std::atomic<int> next_{0};
  std::vector<std::atomic<unsigned char>> marks_ =
      std::vector<std::atomic<unsigned char>>(std::size_t(2 * everywhere * waits_each));
};

// Where all meet. What has no atomic is kept by a lock: ThreadSanitizer looks at it.
struct hall {
  ledger books;
  channel<parcel> lines[3] = {channel<parcel>(0), channel<parcel>(1), channel<parcel>(8)};
  queue<parcel> sorted{{.capacity = 4, .order = queue_order::priority}};

  limiter slots{3};
  section in_slots;
  semaphore doors{2};
  section in_doors;

  shared_mutex shelf;
  section writers, readers;
  long written = 0;

  mutex desk;
  section at_desk;
  condition changed;
  long credit = 0, added = 0, taken = 0;

  event bell;
  barrier meeting{2};
  std::atomic<long> ranks[2] = {};
  std::atomic<long> begun{0};
};

struct worker {
  static constexpr bool acts_end = false;
  hall& at;
  chance random;
  int number;
  std::array<std::array<int, everywhere>, 3> last{};  // of each line, from each sender

  parcel wrap() { return {at.books.next(), number}; }
  void take(std::size_t line, const parcel& p) {
    at.books.received(p.number);
    int& before = last[line][std::size_t(p.sender)];
    check(p.number + 1 > before, "a line keeps the order of each sender");
    before = p.number + 1;
  }
};

}  // namespace soak
