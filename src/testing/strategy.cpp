#include "testing/strategy.hpp"

#include <algorithm>
#include <utility>

namespace kettle::inline KETTLE_ABI::testing::detail {

namespace {

// splitmix64 (Steele, Lea, Flood, OOPSLA 2014).
class random_numbers {
 public:
  explicit random_numbers(std::uint64_t seed) noexcept : state_(seed) {}
  std::uint64_t operator()() noexcept {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  std::uint64_t below(std::uint64_t n) noexcept { return (*this)() % n; }

 private:
  std::uint64_t state_;
};

class random_walk final : public strategy {
 public:
  explicit random_walk(std::uint64_t seed) noexcept : random_(seed) {}
  entity next(entity_set can, entity, entity) override {
    for (auto skip = random_.below(std::uint64_t(__builtin_popcountll(can))); skip > 0; skip--)
      can &= can - 1;
    return first_of(can);
  }
  bool delays(entity) override { return random_.below(2) == 0; }
  unsigned pick(unsigned n) override { return unsigned(random_.below(n)); }

 private:
  random_numbers random_;
};

class pct final : public strategy {
 public:
  pct(std::uint64_t seed, unsigned depth) noexcept : random_(seed), changes_(depth - 1) {}

  bool begin() override {
    for (auto& p : priority_) p = random_() | std::uint64_t(1) << 63;
    for (auto& c : changes_) c = random_.below(length_);
    std::sort(changes_.begin(), changes_.end());
    step_ = 0;
    lowest_ = std::uint64_t(1) << 62;
    return true;
  }
  entity next(entity_set can, entity running, entity) override {
    if (std::binary_search(changes_.begin(), changes_.end(), step_++))
      priority_[running] = --lowest_;
    return highest(can);
  }
  bool delays(entity thread) override { return priority_[thread] > priority_[buffer_of(thread)]; }
  unsigned pick(unsigned n) override { return unsigned(random_.below(n)); }
  void gives_way(entity thread) override { priority_[thread] = --lowest_; }
  // Changes are spread over as many decisions as a schedule has had so far.
  void ended(std::uint64_t) override { length_ = std::max(length_, step_); }

 private:
  entity highest(entity_set can) const noexcept {
    entity best = first_of(can);
    for (can &= can - 1; can; can &= can - 1)
      if (priority_[first_of(can)] > priority_[best]) best = first_of(can);
    return best;
  }
  random_numbers random_;
  std::uint64_t priority_[the_clock + 1] = {};
  std::vector<std::uint64_t> changes_;
  std::uint64_t step_ = 0, length_ = 8, lowest_ = 0;
};

class pos final : public strategy {
 public:
  explicit pos(std::uint64_t seed) noexcept : random_(seed) {}

  bool begin() override {
    for (auto& p : priority_) p = random_();
    for (auto& p : pending_) p = {};
    return true;
  }
  entity next(entity_set can, entity, entity) override {
    entity best = first_of(can);
    for (can &= can - 1; can; can &= can - 1)
      if (priority_[first_of(can)] > priority_[best]) best = first_of(can);
    if (best >= most_threads) priority_[best] = random_();
    return best;
  }
  bool delays(entity) override { return random_.below(2) == 0; }
  unsigned pick(unsigned n) override { return unsigned(random_.below(n)); }
  void gives_way(entity thread) override { priority_[thread] = 0; }
  void arrives(entity thread, const pending_step& s) override {
    pending_[thread] = s;
    priority_[thread] = random_();
  }
  void steps(entity thread, const pending_step& s) override {
    pending_[thread] = {};
    for (int i = 0; i < most_threads; i++)
      if (pending_[i].word && pending_[i].word == s.word && (pending_[i].writes || s.writes))
        priority_[i] = random_();
  }

 private:
  random_numbers random_;
  std::uint64_t priority_[the_clock + 1] = {};
  pending_step pending_[most_threads];
};

class dfs final : public strategy {
 public:
  explicit dfs(unsigned bound) noexcept : bound_(bound) {}

  bool begin() override {
    at_ = 0;
    if (std::exchange(first_, false)) return true;
    while (!decisions_.empty() && decisions_.back().untried == 0) decisions_.pop_back();
    if (decisions_.empty()) return false;
    decision& d = decisions_.back();
    d.chosen = first_of(d.untried);
    d.untried &= d.untried - 1;
    return true;
  }
  entity next(entity_set can, entity running, entity usual) override {
    bool goes_on = can & one(running);
    return decide(can, usual, [=](entity e) -> unsigned {
      if (e == the_clock) return (can & all_threads) != 0;
      if (e >= most_threads) return 0;  // a store that was delayed becomes visible
      return goes_on && e != running;
    });
  }
  bool delays(entity thread) override {
    return decide(one(thread) | one(delayed_store), thread,
                  [](entity e) -> unsigned { return e == delayed_store; }) == delayed_store;
  }
  bool was_cut() const noexcept override { return cut_; }
  unsigned pick(unsigned n) override {
    return unsigned(decide(one(int(n)) - 1, 0, [](entity) -> unsigned { return 0; }));
  }

 private:
  struct decision {
    entity_set untried = 0;
    entity chosen = 0;
    unsigned spent = 0;  // before it
    entity_set costly = 0;
  };
  template <class Cost> entity decide(entity_set can, entity usual, Cost cost) {
    if (at_ < decisions_.size()) return decisions_[at_++].chosen;
    unsigned spent = 0;
    if (!decisions_.empty()) {
      const decision& before = decisions_.back();
      spent = before.spent + ((before.costly & one(before.chosen)) != 0);
    }
    decision d{.chosen = usual, .spent = spent};
    for (entity_set s = can; s; s &= s - 1) {
      entity e = first_of(s);
      if (cost(e)) d.costly |= one(e);
    }
    d.untried = can & ~one(usual);
    if (spent >= bound_) {
      cut_ |= (d.untried & d.costly) != 0;
      d.untried &= ~d.costly;
    }
    decisions_.push_back(d);
    at_++;
    return usual;
  }
  const unsigned bound_;
  bool first_ = true, cut_ = false;
  std::size_t at_ = 0;
  std::vector<decision> decisions_;
};

class replay final : public strategy {
 public:
  explicit replay(path p) noexcept : path_(std::move(p)) {}
  bool begin() override {
    decision_ = 0;
    at_ = 0;
    return true;
  }
  // A departure that cannot be followed is left out: paths that were shortened may hold such.
  entity next(entity_set can, entity, entity usual) override {
    entity e = departs();
    return e >= 0 && e <= the_clock && (can & one(e)) ? e : usual;
  }
  bool delays(entity) override { return departs() == delayed_store; }
  unsigned pick(unsigned n) override {
    entity e = departs();
    return e >= 0 && unsigned(e) < n ? unsigned(e) : 0;
  }

 private:
  entity departs() noexcept {
    std::uint32_t now = decision_++;
    while (at_ < path_.size() && path_[at_].decision < now) at_++;
    return at_ < path_.size() && path_[at_].decision == now ? path_[at_].chosen : -1;
  }
  path path_;
  std::uint32_t decision_ = 0;
  std::size_t at_ = 0;
};

}  // namespace

std::unique_ptr<strategy> make_random(std::uint64_t seed) {
  return std::make_unique<random_walk>(seed);
}
std::unique_ptr<strategy> make_pct(std::uint64_t seed, unsigned depth) {
  return std::make_unique<pct>(seed, std::clamp(depth, 1u, 1000u));
}
std::unique_ptr<strategy> make_pos(std::uint64_t seed) { return std::make_unique<pos>(seed); }
std::unique_ptr<strategy> make_dfs(unsigned bound) { return std::make_unique<dfs>(bound); }
std::unique_ptr<strategy> make_replay(path p) { return std::make_unique<replay>(std::move(p)); }

}  // namespace kettle::inline KETTLE_ABI::testing::detail
