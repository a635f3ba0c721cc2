#include "green/host.hpp"

namespace kettle::inline KETTLE_ABI::green {

atomic<const host*> present_host{nullptr};

extern "C" void kettle_green_attach(const host* h) noexcept { present_host.store(h, relaxed); }

}  // namespace kettle::inline KETTLE_ABI::green
