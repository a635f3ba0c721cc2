// A binary heap in pages of our own; a fiber knows its place in it, so that removing is cheap.

#include "green/memory.hpp"
#include "green/scheduler.hpp"

namespace kettle::inline KETTLE_ABI::green {

namespace {

fiber** heap = nullptr;
std::uint32_t count = 0;
std::uint32_t room = 0;

void put(std::uint32_t at, fiber* f) noexcept {
  heap[at] = f;
  f->timer_index = at + 1;
}

void rise(std::uint32_t at, fiber* f) noexcept {
  for (; at > 0 && f->wakes_at < heap[(at - 1) / 2]->wakes_at; at = (at - 1) / 2)
    put(at, heap[(at - 1) / 2]);
  put(at, f);
}

void sink(std::uint32_t at, fiber* f) noexcept {
  for (std::uint32_t child; (child = at * 2 + 1) < count; at = child) {
    if (child + 1 < count && heap[child + 1]->wakes_at < heap[child]->wakes_at) child++;
    if (f->wakes_at <= heap[child]->wakes_at) break;
    put(at, heap[child]);
  }
  put(at, f);
}

}  // namespace

void timer_add(fiber& f, nanoseconds when) noexcept {
  if (count == room) {
    constexpr std::uint32_t first = 1 << 16;
    heap =
        static_cast<fiber**>(room ? grow_pages(heap, room * sizeof *heap, 2 * room * sizeof *heap)
                                  : take_pages(first * sizeof *heap));
    room = room ? room * 2 : first;
    if (!heap) __builtin_trap();  // no memory for eight bytes: nothing can go on
  }
  f.wakes_at = when;
  rise(count++, &f);
}

void timer_remove(fiber& f) noexcept {
  if (f.timer_index == 0) return;
  std::uint32_t at = f.timer_index - 1;
  f.timer_index = 0;
  fiber* last = heap[--count];
  if (last == &f) return;
  if (at > 0 && last->wakes_at < heap[(at - 1) / 2]->wakes_at)
    rise(at, last);
  else
    sink(at, last);
}

nanoseconds timer_next() noexcept { return count ? heap[0]->wakes_at : never; }

void timer_expire(nanoseconds now) noexcept {
  while (count && heap[0]->wakes_at <= now) {
    fiber& f = *heap[0];
    timer_remove(f);
    unpark(f, wake::timed_out);
  }
}

}  // namespace kettle::inline KETTLE_ABI::green
