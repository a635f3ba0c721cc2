#include "fault.hpp"

#include <atomic>
#include <new>

#include <pthread.h>
#include <sys/mman.h>

namespace kettle::tests {

namespace {

// The same memory in all forked children.
struct shared_counts {
  std::atomic<bool> met{false};
  std::atomic<std::uint32_t> calls[call_count];
};
shared_counts& counts() {
  static auto* all = new (::mmap(nullptr, sizeof(shared_counts), PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0)) shared_counts;
  return *all;
}

std::atomic<bool> armed{false}, no_light_guards{false};
fault wanted;  // written before `armed`

}  // namespace

void arm(const fault& f) {
  static const int watched = ::pthread_atfork(nullptr, nullptr, [] { armed = wanted.in_children; });
  (void)watched;
  for (auto& n : counts().calls) n = 0;
  counts().met = false;
  wanted = f;
  armed = !f.in_children;
}

bool disarm() {
  armed = wanted.in_children = false;
  return met_one();
}

bool is_armed() { return armed; }
bool met_one() { return counts().met; }

std::uint32_t counted(std::size_t call) { return counts().calls[call]; }

void take_light_guards_away() { no_light_guards = true; }
bool has_no_light_guards() noexcept { return no_light_guards; }

int meet(std::size_t call) noexcept {
  if (!armed) return 0;
  if (++counts().calls[call] != wanted.at || call != wanted.call) return 0;
  counts().met = true;
  if (wanted.before) wanted.before();
  return wanted.error;
}

}  // namespace kettle::tests
