#include <kettle/base/freelist.hpp>

namespace kettle::inline v0 {

void open_freelist() noexcept {
  for (auto& room : free_blocks.room) room = freelist::cap;
}

void close_freelist() noexcept {
  freelist& list = free_blocks;
  for (std::size_t c = 0; c < freelist::classes; c++) {
    list.room[c] = 0;
    while (free_block* b = list.head[c]) {
      list.head[c] = b->next;
      ::operator delete(b, (c + 1) * freelist::granule);
    }
  }
}

}  // namespace kettle::inline v0
