#pragma once
// What codec.hpp does with each kind of type. Kinds are recognised by their members, so that no
// header of a container is read for it.

#include <kettle/processes/codec.hpp>

namespace kettle::inline KETTLE_ABI {

namespace detail {

template <class T> concept codec_scalar = std::is_arithmetic_v<T> || std::is_enum_v<T>;
template <class T>
concept codec_function = std::is_pointer_v<T> && std::is_function_v<std::remove_pointer_t<T>>;
template <class T> concept codec_view = std::is_same_v<T, std::string_view>;
template <class T> concept codec_c_string = std::is_same_v<T, const char*>;
template <class T>
concept codec_custom = requires(T& t, encoder& out, decoder& in) {
  t.serialize(out);
  t.serialize(in);
};
template <class T>
concept codec_container = requires(T& t, typename T::value_type&& v) {
  t.begin();
  t.end();
  t.clear();
  t.insert(t.end(), std::move(v));
};
template <class T>
concept codec_contiguous = codec_container<T> && codec_scalar<typename T::value_type> &&
                           !std::is_same_v<typename T::value_type, bool> && requires(T& t) {
                             t.resize(1);
                             { t.data() } -> std::same_as<typename T::value_type*>;
                           };
template <class T>
concept codec_forward_list = requires(T& t) {
  t.insert_after(t.before_begin(), *t.begin());
  typename T::value_type;
};
template <class T>
concept codec_optional = requires(T& t) {
  t.has_value();
  t.reset();
  *t;
  typename T::value_type;
};
template <class T>
concept codec_variant = requires(const T& t) {
  t.index();
  t.valueless_by_exception();
};
template <class T> concept codec_tuple = requires { std::tuple_size<T>::value; };
template <class T>
concept codec_duration = requires(const T& t) {
  t.count();
  typename T::rep;
  typename T::period;
};
template <class T>
concept codec_time_point = requires(const T& t) {
  t.time_since_epoch();
  typename T::clock;
};
template <class T> concept codec_empty = std::is_empty_v<T> && std::is_trivially_copyable_v<T>;
template <class T>
concept codec_aggregate = std::is_aggregate_v<T> && std::is_class_v<T> && !has_array<T>();

template <class T> inline constexpr bool no_codec = false;

template <class V> struct alternatives;
template <template <class...> class V, class... T> struct alternatives<V<T...>> {
  using variant = V<T...>;
  static void put(encoder& out, const variant& v) {
    out.raw(std::uint8_t(v.index()));
    put_any(out, v, std::index_sequence_for<T...>());
  }
  template <std::size_t... I>
  static void put_any(encoder& out, const variant& v, std::index_sequence<I...>) {
    ((I == v.index() ? put_at<I>(out, v) : void()), ...);
  }
  template <std::size_t I> static void put_at(encoder& out, const variant& v) {
    using std::get;
    encode(out, get<I>(v));
  }
  static variant get_from(decoder& in) {
    auto index = in.raw<std::uint8_t>();
    if (index >= sizeof...(T)) decoder::fail("a variant has no such alternative");
    return at<0, T...>(in, index);
  }
  template <std::size_t I, class A, class... Rest>
  static variant at(decoder& in, std::size_t index) {
    if (index == I) return variant(std::in_place_index<I>, decode<A>(in));
    if constexpr (sizeof...(Rest) > 0)
      return at<I + 1, Rest...>(in, index);
    else
      decoder::fail("a variant has no such alternative");
  }
};

// The least that one T takes, for judging a count.
template <class T> constexpr std::size_t least_size() {
  if constexpr (codec_scalar<T>)
    return sizeof(T);
  else if constexpr (codec_container<T>)
    return sizeof(std::uint64_t);
  else
    return 1;
}

template <class Tuple, std::size_t... I>
void encode_tuple(encoder& out, const Tuple& t, std::index_sequence<I...>) {
  using std::get;
  (encode(out, get<I>(t)), ...);
}
// Braces: the elements are read from left to right.
template <class Tuple, std::size_t... I>
Tuple decode_tuple(decoder& in, std::index_sequence<I...>) {
  return Tuple{decode<std::remove_cv_t<std::tuple_element_t<I, Tuple>>>(in)...};
}
template <class T, class Fields, std::size_t... I>
T decode_fields(decoder& in, std::index_sequence<I...>) {
  return T{decode<std::remove_cvref_t<std::tuple_element_t<I, Fields>>>(in)...};
}

// Of maps, a key that can be written.
template <class V> struct element_of {
  using type = V;
};
template <class K, class V> struct element_of<std::pair<const K, V>> {
  using type = std::pair<K, V>;
};

template <class T> T decode_container(decoder& in) {
  using element = typename element_of<typename T::value_type>::type;
  T all;
  std::size_t n = in.size(least_size<element>());
  if constexpr (codec_contiguous<T> && sizeof(element) == 1) {
    auto* first = reinterpret_cast<const element*>(in.bytes(n));
    all.assign(first, first + n);  // not resize(): the zeros would cost as much as the copy
  } else if constexpr (codec_contiguous<T>) {
    all.resize(n);
    if (n) std::memcpy(all.data(), in.bytes(n * sizeof(element)), n * sizeof(element));
  } else {
    for (; n > 0; n--) all.insert(all.end(), decode<element>(in));
  }
  return all;
}

}  // namespace detail

template <class T> void encode(encoder& out, const T& value) {
  using namespace detail;
  static_assert(!std::is_member_pointer_v<T>,
                "a pointer to a member does not travel: use a function or a lambda");
  static_assert(!std::is_pointer_v<T> || codec_function<T> || codec_c_string<T>,
                "a pointer means nothing in another process: give the value itself");
  if constexpr (codec_scalar<T>) {
    out.raw(value);
  } else if constexpr (codec_function<T>) {
    out.code(reinterpret_cast<const void*>(value));
  } else if constexpr (codec_c_string<T>) {
    if (!value) throw std::invalid_argument("a null pointer was given as text");
    out.text(value);
    out.raw('\0');
  } else if constexpr (codec_view<T>) {
    out.text(value);
  } else if constexpr (codec_custom<T>) {
    const_cast<T&>(value).serialize(out);
  } else if constexpr (codec_contiguous<T>) {
    out.size(value.size());
    out.bytes(value.data(), value.size() * sizeof(typename T::value_type));
  } else if constexpr (codec_container<T>) {
    out.size(value.size());
    for (const typename T::value_type& x : value) encode(out, x);
  } else if constexpr (codec_optional<T>) {
    out.raw(value.has_value());
    if (value) encode(out, *value);
  } else if constexpr (codec_variant<T>) {
    alternatives<T>::put(out, value);
  } else if constexpr (codec_tuple<T>) {
    encode_tuple(out, value, std::make_index_sequence<std::tuple_size_v<T>>());
  } else if constexpr (codec_duration<T>) {
    encode(out, value.count());
  } else if constexpr (codec_time_point<T>) {
    encode(out, value.time_since_epoch());
  } else if constexpr (codec_empty<T>) {
    out.raw(std::uint8_t(0));
  } else if constexpr (codec_aggregate<T>) {
    std::apply([&](auto&... field) { (encode(out, field), ...); }, tie_fields(value));
  } else if constexpr (std::is_trivially_copyable_v<T>) {
    if constexpr (alignof(T) < alignof(void*))
      out.bytes(&value, sizeof value);  // no address in it
    else
      out.closure(&value, sizeof value);
  } else {
    static_assert(no_codec<T>,
                  "this type does not travel between processes: a closure may capture trivial "
                  "values only; a class needs a member serialize(auto& archive)");
  }
}

template <class T> T decode(decoder& in) {
  using namespace detail;
  static_assert(!std::is_pointer_v<T> || codec_function<T> || codec_c_string<T>,
                "a pointer means nothing in another process: give the value itself");
  if constexpr (std::is_same_v<T, bool>) {
    return in.raw<std::uint8_t>() != 0;
  } else if constexpr (codec_scalar<T>) {
    return in.raw<T>();
  } else if constexpr (codec_function<T>) {
    return reinterpret_cast<T>(const_cast<void*>(in.code()));
  } else if constexpr (codec_c_string<T>) {
    std::string_view s = in.text();
    if (in.raw<char>() != '\0') decoder::fail("a text has no end");
    return s.data();
  } else if constexpr (codec_view<T>) {
    return in.text();
  } else if constexpr (codec_empty<T>) {
    in.raw<std::uint8_t>();
    return __builtin_bit_cast(T, char{});
  } else {
    decoder::level here(in);
    if constexpr (codec_custom<T>) {
      T value{};
      value.serialize(in);
      return value;
    } else if constexpr (codec_container<T>) {
      return decode_container<T>(in);
    } else if constexpr (codec_optional<T>) {
      if (!in.raw<std::uint8_t>()) return T{};
      return T(decode<typename T::value_type>(in));
    } else if constexpr (codec_variant<T>) {
      return alternatives<T>::get_from(in);
    } else if constexpr (codec_tuple<T>) {
      return decode_tuple<T>(in, std::make_index_sequence<std::tuple_size_v<T>>());
    } else if constexpr (codec_duration<T>) {
      return T(decode<typename T::rep>(in));
    } else if constexpr (codec_time_point<T>) {
      return T(decode<typename T::duration>(in));
    } else if constexpr (codec_aggregate<T>) {
      using fields = fields_of<T>;
      return decode_fields<T, fields>(in, std::make_index_sequence<std::tuple_size_v<fields>>());
    } else if constexpr (std::is_trivially_copyable_v<T>) {
      struct image {
        alignas(T) unsigned char bytes[sizeof(T)];
      } copy;
      std::memcpy(copy.bytes, in.bytes(sizeof(T)), sizeof(T));
      return __builtin_bit_cast(T, copy);
    } else {
      static_assert(no_codec<T>, "this type does not travel between processes");
    }
  }
}

template <class... T> encoder& encoder::operator()(const T&... values) {
  (encode(*this, values), ...);
  return *this;
}
template <class... T> decoder& decoder::operator()(T&... values) {
  ((values = decode<T>(*this)), ...);
  return *this;
}

}  // namespace kettle::inline KETTLE_ABI
