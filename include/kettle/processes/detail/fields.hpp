#pragma once
// The fields of an aggregate, without a word from its author.
//
//   auto fields = detail::tie_fields(s);          // a tuple of references, in order
//
// Counted by how many initialisers the type takes (up to 16). A member that is a C array hides its
// count: such an aggregate is shipped only if it is trivially copyable, as bytes.

#include <kettle/base/require.hpp>

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace kettle::inline KETTLE_ABI::detail {

struct any_value {
  template <class T> operator T() const noexcept;  // NOLINT: it stands for whatever a field takes
};
template <std::size_t> using any_at = any_value;

template <class T, class Is> inline constexpr bool takes = false;
template <class T, std::size_t... I>
inline constexpr bool takes<T, std::index_sequence<I...>> = requires { T{any_at<I>{}...}; };

inline constexpr std::size_t most_fields = 16;

template <class T, std::size_t N = most_fields + 1> constexpr std::size_t field_count() {
  if constexpr (takes<T, std::make_index_sequence<N>>)
    return N;
  else if constexpr (N == 0)
    return 0;
  else
    return field_count<T, N - 1>();
}

// K braced values in place I that leave room for no more than the other counted ones: an array lies
// there. (A class that takes K values is one field: then there is room for more.)
template <class T, class Before, class Inside, class After>
inline constexpr bool takes_nested = false;
template <class T, std::size_t... B, std::size_t... I, std::size_t... A>
inline constexpr bool takes_nested<T, std::index_sequence<B...>, std::index_sequence<I...>,
                                   std::index_sequence<A...>> =
    requires { T{any_at<B>{}..., {any_at<I>{}...}, any_at<A>{}...}; };

template <class T, std::size_t I = 0, std::size_t K = 2> constexpr bool has_array() {
  constexpr std::size_t n = field_count<T>();
  if constexpr (I + 2 > n) {
    return false;
  } else if constexpr (I + K > n) {
    return has_array<T, I + 1, 2>();
  } else {
    using before = std::make_index_sequence<I>;
    using inside = std::make_index_sequence<K>;
    if constexpr (takes_nested<T, before, inside, std::make_index_sequence<n - I - K>> &&
                  !takes_nested<T, before, inside, std::make_index_sequence<n - I - K + 1>>)
      return true;
    else
      return has_array<T, I, K + 1>();
  }
}

template <class T> constexpr auto tie_fields(T& t) {
  constexpr std::size_t n = field_count<std::remove_const_t<T>>();
  static_assert(n <= most_fields,
                "an aggregate of more than 16 fields: give it a member serialize(auto& archive)");
  // clang-format off
  if constexpr (n == 0) return std::tie();
  else if constexpr (n == 1) { auto& [a] = t; return std::tie(a); }
  else if constexpr (n == 2) { auto& [a, b] = t; return std::tie(a, b); }
  else if constexpr (n == 3) { auto& [a, b, c] = t; return std::tie(a, b, c); }
  else if constexpr (n == 4) { auto& [a, b, c, d] = t; return std::tie(a, b, c, d); }
  else if constexpr (n == 5) { auto& [a, b, c, d, e] = t; return std::tie(a, b, c, d, e); }
  else if constexpr (n == 6) { auto& [a, b, c, d, e, f] = t; return std::tie(a, b, c, d, e, f); }
  else if constexpr (n == 7) {
    auto& [a, b, c, d, e, f, g] = t; return std::tie(a, b, c, d, e, f, g); }
  else if constexpr (n == 8) {
    auto& [a, b, c, d, e, f, g, h] = t; return std::tie(a, b, c, d, e, f, g, h); }
  else if constexpr (n == 9) {
    auto& [a, b, c, d, e, f, g, h, i] = t; return std::tie(a, b, c, d, e, f, g, h, i); }
  else if constexpr (n == 10) {
    auto& [a, b, c, d, e, f, g, h, i, j] = t; return std::tie(a, b, c, d, e, f, g, h, i, j); }
  else if constexpr (n == 11) {
    auto& [a, b, c, d, e, f, g, h, i, j, k] = t;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k); }
  else if constexpr (n == 12) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l] = t;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l); }
  else if constexpr (n == 13) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m] = t;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m); }
  else if constexpr (n == 14) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, o] = t;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, o); }
  else if constexpr (n == 15) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, o, p] = t;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, o, p); }
  else {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q] = t;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q); }
  // clang-format on
}

template <class T> using fields_of = decltype(tie_fields(std::declval<T&>()));

}  // namespace kettle::inline KETTLE_ABI::detail
