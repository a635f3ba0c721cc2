#include "fibers/stack.hpp"

#include "sys/pages.hpp"

#include <kettle/base/assert.hpp>
#include <kettle/base/atomic.hpp>
#include <kettle/base/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace kettle::inline KETTLE_ABI {

namespace {

constexpr std::size_t slab_bytes = std::size_t(16) << 30;  // address space, not memory
constexpr std::size_t least_stacks_per_slab = 16;
constexpr std::size_t places_in_page = 32, cache_line_bytes = 64;
constexpr std::uint64_t pattern = 0x6b65'7474'6c65'2121;  // "kettle!!"
constexpr std::size_t pattern_words = 8;
constexpr long mapped_guards_allowed = 20'000;

// Of the whole process: the kernel's limit on mappings is per process. A pool gives its own back
// when it ends. Relaxed: a count, it publishes nothing.
atomic<long> mapped_guards{0};
atomic<bool> pattern_said{false};

}  // namespace

stack_pool::stack_pool(stack_options options) : options_(options), page_bytes_(sys::page_bytes()) {
  // An odd number of pages: at a stride of 64 pages all stack tops would compete for a few sets of
  // the caches (measured: a pointer chase over the tops takes about twice as long).
  options_.stride_bytes = (options_.stride_bytes / page_bytes_ | 1) * page_bytes_;
  hot_.reserve(options_.hot);
}

stack_pool::~stack_pool() {
  KETTLE_ASSERT(out_ == 0, "a pool of stacks ended while a fiber still used one");
  for (slab& s : slabs_) sys::release_pages(s.base, s.bytes);
  mapped_guards.fetch_sub(mapped_guards_, relaxed);
}

stack stack_pool::take_cold() {
  least_hot_ = 0;
  stack s;
  if (cold_.empty()) {
    s = carve();
  } else {
    s = cold_.back();
    cold_.pop_back();
    if (!s.guarded()) write_pattern(s.bottom());  // discarding wiped it
  }
  out_++;
  return s;
}

stack stack_pool::carve() {
  if (left_in_slab_ == 0) add_slab();
  if (cold_.capacity() < carved_ + 1)
    cold_.reserve(2 * carved_ + 64);  // so that give() never allocates
  std::byte* low = next_;
  bool guarded = guard(low);
  if (!guarded) write_pattern(low + page_bytes_);
  next_ += options_.stride_bytes;
  left_in_slab_--;
  // Tops differ in their place within a page: else the hot lines of all fibers would share a tenth
  // of the cache (measured with 1000 fibers: 28 ns a switch, against 17 with 32 places). Half a
  // page is left for a sleeper.
  std::size_t place = carved_++ % places_in_page * cache_line_bytes;
  return {low + page_bytes_, low + options_.stride_bytes - place, guarded};
}

void stack_pool::add_slab() {
  slabs_.reserve(slabs_.size() + 1);
  // Under a limit on address space, or with overcommitting forbidden, less must do.
  for (std::size_t bytes = slab_bytes; bytes >= least_stacks_per_slab * options_.stride_bytes;
       bytes /= 4) {
    std::byte* base = sys::reserve_pages(bytes);
    if (!base) continue;
    slabs_.push_back({base, bytes});
    next_ = base;
    left_in_slab_ = bytes / options_.stride_bytes;
    return;
  }
  throw_io_error(ENOMEM, "mmap", "stacks for fibers");
}

// Whether the page traps now.
bool stack_pool::guard(std::byte* low) noexcept {
  bool may_map = mapped_guards.load(relaxed) < mapped_guards_allowed;
  switch (sys::guard_pages(low, page_bytes_, may_map)) {
    case sys::guard_kind::light: return true;
    case sys::guard_kind::mapping:
      mapped_guards.fetch_add(1, relaxed);
      mapped_guards_++;
      return true;
    case sys::guard_kind::none: break;
  }
  if (!pattern_said.exchange(true, relaxed))
    std::fputs(
        "kettle: this kernel has no light guard pages (Linux 6.13): further fiber stacks are "
        "checked for overflow only when their fiber ends\n",
        stderr);
  return false;
}

void stack_pool::write_pattern(std::byte* bottom) noexcept {
  std::uint64_t words[pattern_words];
  std::fill(words, words + pattern_words, pattern);
  std::memcpy(bottom, words, sizeof words);
}

void stack_pool::check_pattern(stack s) noexcept {
  std::uint64_t words[pattern_words];
  std::memcpy(words, s.bottom(), sizeof words);
  for (std::uint64_t w : words)
    KETTLE_ASSERT(w == pattern, "a fiber overflowed its stack: give it a larger stride");
}

void stack_pool::give_slow(stack s) noexcept {
  if (gives_ == gives_per_period) {
    // The oldest lie in front. Half of what a whole period did not need goes, so that a pool which
    // is idle most of the time ends up small, and one in a steady state keeps what it uses.
    auto surplus = std::ptrdiff_t((least_hot_ + 1) / 2);
    for (auto i = hot_.begin(); i != hot_.begin() + surplus; ++i) cool(*i);
    hot_.erase(hot_.begin(), hot_.begin() + surplus);
    gives_ = 0;
    least_hot_ = hot_.size();
  }
  if (hot_.size() < options_.hot)
    hot_.push_back(s);
  else
    cool(s);
}

void stack_pool::cool(stack s) noexcept {
  sys::discard_pages(s.bottom(), s.size());
  cold_.push_back(s);  // room was reserved when it was carved
}

void stack_pool::trim() noexcept {
  for (stack& s : hot_) cool(s);
  hot_.clear();
  least_hot_ = 0;
}

}  // namespace kettle::inline KETTLE_ABI
