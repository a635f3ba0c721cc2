#include "processes/windows.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace kettle::inline KETTLE_ABI {

namespace {

constexpr std::size_t least_view = std::size_t(64) << 10;
constexpr std::size_t most_kept = std::size_t(256) << 20;

std::int64_t offset_of(std::uint32_t slot) noexcept { return std::int64_t(slot) * window_bytes; }

}  // namespace

unsigned char* windows::room(std::uint32_t slot, std::size_t size) noexcept {
  if (size > std::size_t(window_bytes)) return nullptr;
  sys::mapping& view = all_[slot].view;
  std::size_t wanted = std::bit_ceil(std::max(size, least_view));
  if (!view)
    view = sys::mapping(file_, wanted, access_, offset_of(slot));
  else if (wanted > view.size() && !view.grow(wanted))
    return nullptr;
  return static_cast<unsigned char*>(view.data());
}

void windows::keep(std::uint32_t slot, std::size_t size) noexcept {
  std::size_t& kept = all_[slot].kept;
  if (size <= kept) return;
  kept_ += size - kept;
  kept = size;
  if (kept_ > most_kept) empty(slot);
}

void windows::give_back() noexcept {
  for (std::uint32_t slot = 0; slot < slot_count && kept_ > 0; slot++)
    if (all_[slot].kept > 0) empty(slot);
}

void windows::empty(std::uint32_t slot) noexcept {
  sys::give_back(file_, offset_of(slot), window_bytes);
  kept_ -= std::exchange(all_[slot].kept, 0);
}

}  // namespace kettle::inline KETTLE_ABI
