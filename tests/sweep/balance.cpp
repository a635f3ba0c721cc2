#include "balance.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<long> alive{0};

void* allocate(std::size_t size) {
  void* p = std::malloc(size);
  if (!p) throw std::bad_alloc();
  alive.fetch_add(1, std::memory_order_relaxed);
  return p;
}
void release(void* p) noexcept {
  if (p) alive.fetch_sub(1, std::memory_order_relaxed);
  std::free(p);
}

}  // namespace

long kettle::sweep::blocks_alive() noexcept { return alive.load(std::memory_order_relaxed); }

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  try {
    return allocate(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void operator delete(void* p) noexcept { release(p); }
void operator delete[](void* p) noexcept { release(p); }
void operator delete(void* p, std::size_t) noexcept { release(p); }
void operator delete[](void* p, std::size_t) noexcept { release(p); }
