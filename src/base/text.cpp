#include <kettle/base/freelist.hpp>
#include <kettle/base/text.hpp>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

namespace kettle::inline KETTLE_ABI {

namespace detail {

text_block* text_block::make(std::string_view text, std::uint64_t number) {
  std::size_t bytes = std::min<std::size_t>(text.size(), std::numeric_limits<std::int32_t>::max());
  void* place = allocate_block(sizeof(text_block) + bytes + 1);
  auto* b = ::new (place) text_block(number, bytes);
  char* letters = reinterpret_cast<char*>(b + 1);
  if (bytes > 0) std::memcpy(letters, text.data(), bytes);
  letters[bytes] = '\0';
  return b;
}

void text_block::drop(text_block* b) noexcept {
  // acq_rel: the last one sees all uses before
  if (!b || b->holders.fetch_sub(1, acq_rel) != 1) return;
  std::size_t bytes = sizeof(text_block) + b->size + 1;
  b->~text_block();
  free_block_of(b, bytes);
}

}  // namespace detail

shared_text shared_text::copy(std::string_view text) noexcept {
  shared_text t;
  if (text.empty()) return t;
  try {
    t.block_ = detail::text_block::make(text);
    t.text_ = t.block_->text();
  } catch (const std::bad_alloc&) {
    t.text_ = "(no memory for the reason)";
  }
  return t;
}

}  // namespace kettle::inline KETTLE_ABI
