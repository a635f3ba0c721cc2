#include <kettle/base/freelist.hpp>

namespace kettle::inline KETTLE_ABI {

void open_freelist() noexcept {
  for (auto& room : free_blocks.room) room = freelist::cap;
}

void close_freelist() noexcept {
  for (std::size_t c = 0; c < freelist::classes; c++) {
    free_blocks.room[c] = 0;
    while (free_block* b = free_blocks.head[c]) {
      free_blocks.head[c] = b->next;
      ::operator delete(b, freelist::size_of(c));
    }
  }
}

}  // namespace kettle::inline KETTLE_ABI
