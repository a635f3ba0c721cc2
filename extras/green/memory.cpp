#include "green/memory.hpp"

#include "sys/raw.hpp"

#include <cerrno>

#include <sys/mman.h>

namespace kettle::inline KETTLE_ABI::green {

namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t chunk = 64 << 20;
constexpr int guard_install = 102;  // MADV_GUARD_INSTALL, newer than Debian 12's headers

struct reservation {
  char* next = nullptr;
  char* end = nullptr;
};
reservation reserved[size_classes];

void* map(std::size_t bytes) noexcept {
  long p = sys::raw_call(SYS_mmap, 0L, bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0L);
  return p < 0 && p > -4096 ? nullptr : reinterpret_cast<void*>(p);
}

}  // namespace

void* take_pages(std::size_t bytes) noexcept { return map(bytes); }

void* grow_pages(void* old, std::size_t bytes, std::size_t more) noexcept {
  long p = sys::raw_call(SYS_mremap, old, bytes, more, MREMAP_MAYMOVE);
  return p < 0 && p > -4096 ? nullptr : reinterpret_cast<void*>(p);
}

unsigned size_class_of(std::size_t stack_bytes) noexcept {
  unsigned c = 0;
  while (c < size_classes && (stack_stride << c) - page < stack_bytes) c++;
  return c;
}

stack_memory take_stack(unsigned size_class) noexcept {
  std::size_t stride = stack_stride << size_class;
  reservation& r = reserved[size_class];
  if (std::size_t(r.end - r.next) < stride) {
    std::size_t bytes = stride > chunk ? stride : chunk;
    auto* p = static_cast<char*>(map(bytes));
    if (!p) return {};
    // Otherwise the first touch of each stack would bring 2 MiB.
    sys::raw_call(SYS_madvise, p, bytes, MADV_NOHUGEPAGE);
    r = {p, p + bytes};
  }
  char* low = r.next;
  r.next += stride;
  if (sys::raw_call(SYS_madvise, low, page, guard_install) < 0 &&
      sys::raw_call(SYS_mprotect, low, page, PROT_NONE) < 0)
    return {};
  return {low + page, stride - page};
}

bool is_guarded(stack_memory s) noexcept {
  int ends[2];
  if (sys::raw_call(SYS_pipe2, ends, 0) < 0) return false;
  // The kernel reads for us, so that a guard shows as an error and not as a signal.
  bool guarded = sys::raw_write(ends[1], s.low - 1, 1) == -EFAULT;
  bool usable = sys::raw_write(ends[1], s.low, 1) == 1;
  sys::raw_close(ends[0]);
  sys::raw_close(ends[1]);
  return guarded && usable;
}

}  // namespace kettle::inline KETTLE_ABI::green
