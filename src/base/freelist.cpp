#include <kettle/base/freelist.hpp>

namespace kettle::inline KETTLE_ABI {

void open_freelist() noexcept {
  for (std::size_t c = 0; c < freelist::classes; c++) tls.blocks.room[c] = freelist::room_for(c);
}

void close_freelist() noexcept {
  for (std::size_t c = 0; c < freelist::classes; c++) {
    tls.blocks.room[c] = 0;
    while (free_block* b = tls.blocks.head[c]) {
      tls.blocks.head[c] = b->next;
      ::operator delete(b, freelist::size_of(c));
    }
  }
}

}  // namespace kettle::inline KETTLE_ABI
