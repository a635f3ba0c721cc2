#pragma once
// What other rooms keep with a run, or with a thread outside of any: made on first use, ended with
// it.
//
//   lane& l = static_cast<lane&>(home::here().companions().get(0, [] { return new lane; }));
//
// Threads: get() from any; clear() by the owner when nobody else is left.

#include <kettle/base/atomic.hpp>

namespace kettle::inline KETTLE_ABI {

class companion {
 public:
  virtual ~companion() = default;
};

class companion_set {
 public:
  companion_set() = default;
  companion_set(const companion_set&) = delete;
  companion_set& operator=(const companion_set&) = delete;
  ~companion_set() { clear(); }

  template <class Make> companion& get(unsigned slot, Make make) {
    // acquire: whoever finds it sees it as its maker left it. If two make one at the same time, the
    // first stays.
    companion* found = slots_[slot].load(acquire);
    if (found) return *found;
    companion* made = make();
    if (slots_[slot].compare_exchange_strong(found, made, acq_rel, acquire)) return *made;
    delete made;
    return *found;
  }
  void clear() noexcept {
    for (auto& s : slots_) delete s.exchange(nullptr, acq_rel);
  }

 private:
  static constexpr unsigned rooms = 5;
  atomic<companion*> slots_[rooms];
};

}  // namespace kettle::inline KETTLE_ABI
