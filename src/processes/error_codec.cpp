#include "processes/error_codec.hpp"

#include <cxxabi.h>

#include <any>
#include <filesystem>
#include <functional>
#include <future>
#include <ios>
#include <memory>
#include <optional>
#include <typeinfo>
#include <variant>

namespace kettle::inline KETTLE_ABI {

namespace {

enum class shape : std::uint8_t { cancelled, text, system, io, incomplete, group, other };

template <class E> std::exception_ptr with_text(const std::string& text) {
  return std::make_exception_ptr(E(text));
}
template <class E> std::exception_ptr without_text(const std::string&) {
  return std::make_exception_ptr(E());
}

struct known_type {
  const std::type_info* type;
  std::exception_ptr (*make)(const std::string&);
};

// What can be made again from its text, or from nothing. Their order is the number that travels.
const known_type known[] = {
    {&typeid(std::runtime_error), with_text<std::runtime_error>},
    {&typeid(std::logic_error), with_text<std::logic_error>},
    {&typeid(std::invalid_argument), with_text<std::invalid_argument>},
    {&typeid(std::domain_error), with_text<std::domain_error>},
    {&typeid(std::length_error), with_text<std::length_error>},
    {&typeid(std::out_of_range), with_text<std::out_of_range>},
    {&typeid(std::range_error), with_text<std::range_error>},
    {&typeid(std::overflow_error), with_text<std::overflow_error>},
    {&typeid(std::underflow_error), with_text<std::underflow_error>},
    {&typeid(timeout_error), with_text<timeout_error>},
    {&typeid(usage_error), with_text<usage_error>},
    {&typeid(closed_resource), with_text<closed_resource>},
    {&typeid(broken_resource), with_text<broken_resource>},
    {&typeid(busy_resource), with_text<busy_resource>},
    {&typeid(deadlock_error), with_text<deadlock_error>},
    {&typeid(decode_error), with_text<decode_error>},
    {&typeid(pool_broken), with_text<pool_broken>},
    {&typeid(std::exception), without_text<std::exception>},
    {&typeid(std::bad_alloc), without_text<std::bad_alloc>},
    {&typeid(std::bad_array_new_length), without_text<std::bad_array_new_length>},
    {&typeid(std::bad_cast), without_text<std::bad_cast>},
    {&typeid(std::bad_typeid), without_text<std::bad_typeid>},
    {&typeid(std::bad_exception), without_text<std::bad_exception>},
    {&typeid(std::bad_function_call), without_text<std::bad_function_call>},
    {&typeid(std::bad_weak_ptr), without_text<std::bad_weak_ptr>},
    {&typeid(std::bad_optional_access), without_text<std::bad_optional_access>},
    {&typeid(std::bad_variant_access), without_text<std::bad_variant_access>},
    {&typeid(std::bad_any_cast), without_text<std::bad_any_cast>},
    {&typeid(would_block), without_text<would_block>},
    {&typeid(end_of_channel), without_text<end_of_channel>},
};

std::string readable(const char* mangled) {
  int status = 0;
  std::unique_ptr<char, void (*)(void*)> name(
      abi::__cxa_demangle(mangled, nullptr, nullptr, &status), std::free);
  return status == 0 ? name.get() : mangled;
}

void encode_code(encoder& out, const std::error_code& code) {
  out.raw(std::int32_t(code.value()));
  out.text(code.category().name());
}
std::error_code decode_code(decoder& in) {
  int value = in.raw<std::int32_t>();
  std::string_view name = in.text();
  if (name == "generic") return {value, std::generic_category()};
  if (name == "iostream") return {value, std::iostream_category()};
  if (name == "future") return {value, std::future_category()};
  return {value, std::system_category()};
}

// The text that std::system_error was made with: what() without the code's own words.
std::string own_text(const std::system_error& e) {
  std::string text = e.what(), tail = e.code().message();
  if (text == tail) return "";
  tail = ": " + tail;
  if (text.size() >= tail.size() && text.compare(text.size() - tail.size(), tail.npos, tail) == 0)
    text.resize(text.size() - tail.size());
  return text;
}

void encode_exception(encoder& out, const std::exception& e) {
  const std::type_info& type = typeid(e);
  for (std::size_t i = 0; i < std::size(known); i++)
    if (*known[i].type == type) {
      out.raw(shape::text);
      out.raw(std::uint8_t(i));
      return out.text(e.what());
    }
  if (type == typeid(io_error)) {
    auto& error = static_cast<const io_error&>(e);
    out.raw(shape::io);
    encode_code(out, error.code());
    out.text(error.operation());
    return out.text(error.object());
  }
  if (type == typeid(std::system_error)) {
    auto& error = static_cast<const std::system_error&>(e);
    out.raw(shape::system);
    encode_code(out, error.code());
    return out.text(own_text(error));
  }
  if (type == typeid(incomplete_read)) {
    auto& error = static_cast<const incomplete_read&>(e);
    out.raw(shape::incomplete);
    out.text(error.partial);
    return out.size(error.expected);
  }
  if (type == typeid(error_group)) {
    auto& all = static_cast<const error_group&>(e).errors();
    out.raw(shape::group);
    out.size(all.size());
    for (auto& one : all) encode_error(out, one);
    return;
  }
  out.raw(shape::other);
  if (type == typeid(remote_error)) {
    auto& error = static_cast<const remote_error&>(e);
    out.text(error.type);
    return out.text(std::string_view(e.what()).substr(error.type.size() + 2));
  }
  out.text(readable(type.name()));
  out.text(e.what());
}

}  // namespace

void encode_error(encoder& out, const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    encode_exception(out, e);
  } catch (const cancelled& c) {
    out.raw(shape::cancelled);
    out.text(c.reason);
  } catch (...) {
    out.raw(shape::other);
    const std::type_info* type = abi::__cxa_current_exception_type();
    out.text(type ? readable(type->name()) : "an unknown type");
    out.text("not a std::exception");
  }
}

std::exception_ptr decode_error_of(decoder& in) {
  decoder::level here(in);
  switch (in.raw<shape>()) {
    case shape::cancelled: return std::make_exception_ptr(cancelled{in.text()});
    case shape::text: {
      auto i = in.raw<std::uint8_t>();
      if (i >= std::size(known)) decoder::fail("an unknown error");
      return known[i].make(std::string(in.text()));
    }
    case shape::system: {
      std::error_code code = decode_code(in);
      std::string text(in.text());
      return std::make_exception_ptr(text.empty() ? std::system_error(code)
                                                  : std::system_error(code, text));
    }
    case shape::io: {
      std::error_code code = decode_code(in);
      std::string operation(in.text()), object(in.text());
      return std::make_exception_ptr(io_error(code, std::move(operation), std::move(object)));
    }
    case shape::incomplete: {
      std::string partial(in.text());
      return std::make_exception_ptr(incomplete_read(std::move(partial), in.raw<std::uint64_t>()));
    }
    case shape::group: {
      std::vector<std::exception_ptr> all;
      for (std::size_t n = in.size(1); n > 0; n--) all.push_back(decode_error_of(in));
      return std::make_exception_ptr(error_group(std::move(all)));
    }
    case shape::other: {
      std::string type(in.text()), text(in.text());
      return std::make_exception_ptr(remote_error(std::move(type), text));
    }
    default: decoder::fail("an unknown error");
  }
}

}  // namespace kettle::inline KETTLE_ABI
