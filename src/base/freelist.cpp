#include <kettle/base/freelist.hpp>

namespace kettle::inline KETTLE_ABI {

void open_freelist() noexcept {
  for (auto& room : tls.blocks.room) room = freelist::cap;
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
