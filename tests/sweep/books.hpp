#pragma once
// What a body must account for: goods handed from one task to another, sections that only so many
// may be in at once, tasks that must not outlive their nursery.

#include <kettle/base/spin_lock.hpp>

#include <atomic>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace kettle::sweep {

// A thing that is never copied. How many there are is counted.
class goods {
 public:
  explicit goods(int number) noexcept : number_(number) { alive++; }
  goods(goods&& o) noexcept : number_(std::exchange(o.number_, -1)) { alive++; }
  goods& operator=(goods&& o) noexcept {
    number_ = std::exchange(o.number_, -1);
    return *this;
  }
  ~goods() { alive--; }
  int number() const noexcept { return number_; }
  bool operator<(const goods& o) const noexcept { return number_ < o.number_; }

  static inline std::atomic<int> alive{0};

 private:
  int number_;
};

// From any thread.
class books {
 public:
  // Handed over: somebody else has it, or it lies where it will be found.
  void sent(int number) { note(sent_, number); }
  void got(const goods& g) { note(got_, g.number()); }
  // It must hold, wherever the body was cut.
  void demand(bool holds, const char* what) {
    if (!holds) complain(what);
  }
  void complain(std::string what) {
    spin_guard here(lock_);
    faults_.push_back(std::move(what));
  }
  // Every one that was sent was received, once, and none besides.
  void demand_all_received() {
    demand_received_once();
    for (auto& [number, times] : sent_)
      if (!got_.contains(number)) complain("lost: " + std::to_string(number));
  }
  // The same where what is still on the way goes with its channel.
  void demand_received_once() {
    for (auto& [number, times] : got_) {
      if (times != 1) complain("received twice: " + std::to_string(number));
      if (!sent_.contains(number)) complain("received, never sent: " + std::to_string(number));
    }
  }
  void take_over(books& o) {
    for (auto& f : o.faults_) complain(std::move(f));
    o.faults_.clear();
  }
  const std::vector<std::string>& faults() const noexcept { return faults_; }

 private:
  using counts = std::map<int, int>;
  void note(counts& in, int number) {
    spin_guard here(lock_);
    in[number]++;
  }

  spin_lock lock_;
  counts sent_, got_;
  std::vector<std::string> faults_;
};

// At most so many are inside at once.
class section {
 public:
  explicit section(int most) noexcept : most_(most) {}
  class visit {
   public:
    explicit visit(section& s) noexcept : of_(s) {
      if (of_.inside_.fetch_add(1) + 1 > of_.most_) of_.crowded_ = true;
    }
    visit(const visit&) = delete;
    visit& operator=(const visit&) = delete;
    ~visit() { of_.inside_--; }

   private:
    section& of_;
  };
  bool is_in_order() const noexcept { return !crowded_ && inside_ == 0; }

 private:
  int most_;
  std::atomic<int> inside_{0};
  std::atomic<bool> crowded_{false};
};

// How many tasks there are: each has a `living` in it.
struct crowd {
  std::atomic<int> alive{0};
};
class living {
 public:
  explicit living(crowd& c) noexcept : of_(c) { of_.alive++; }
  living(const living&) = delete;
  living& operator=(const living&) = delete;
  ~living() { of_.alive--; }

 private:
  crowd& of_;
};
// Stands before what must not end while one of the crowd is alive.
class all_gone {
 public:
  all_gone(books& b, crowd& c) noexcept : book_(b), of_(c) {}
  all_gone(const all_gone&) = delete;
  all_gone& operator=(const all_gone&) = delete;
  ~all_gone() { book_.demand(of_.alive == 0, "a task outlived what it was started in"); }

 private:
  books& book_;
  crowd& of_;
};

}  // namespace kettle::sweep
