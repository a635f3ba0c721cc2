#pragma once
// g++ 12 destroys a temporary aggregate with a non-trivial member twice in a full expression with
// co_await: `co_await c.send(job{...})` is refused there.

#include <kettle/base/require.hpp>

#include <type_traits>

namespace kettle::inline KETTLE_ABI::detail {

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
template <class U>
inline constexpr bool item_is_safe =
    std::is_lvalue_reference_v<U> || !std::is_aggregate_v<std::remove_cvref_t<U>> ||
    std::is_trivially_destructible_v<std::remove_cvref_t<U>>;
#else
template <class U> inline constexpr bool item_is_safe = true;
#endif

template <class U> constexpr void check_item() noexcept {
  static_assert(item_is_safe<U>,
                "g++ 12 destroys this temporary twice: name it first, capture by reference, or "
                "use emplace(...)");
}

}  // namespace kettle::inline KETTLE_ABI::detail
