#pragma once
// A text that several keep until the last one lets it go: the reason of a cancellation, and what is
// inside of it, the name of a task.
//
//   scope.cancel("shutting down");              // a literal: nothing is copied
//   scope.cancel("no answer from " + address);  // anything else is
//
// Counted, never changed. Threads: any, each with a copy of its own.

#include <kettle/base/atomic.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

namespace kettle::inline KETTLE_ABI {

namespace detail {

// The letters follow it.
struct text_block {
  static text_block* make(std::string_view text, std::uint64_t number = 0);  // one holder: you
  static text_block* keep(text_block* b) noexcept {  // no text is kept as no text
    if (b) b->holders.fetch_add(1, relaxed);         // who gives it to us holds it
    return b;
  }
  static void drop(text_block* b) noexcept;

  const char* text() const noexcept { return reinterpret_cast<const char*>(this + 1); }
  std::string_view view() const noexcept { return {text(), size}; }

  std::uint64_t number;       // of a task
  std::uint32_t size : 31;    // bytes, without the zero at the end
  std::uint32_t travels : 1;  // a name that the system's thread gets too
  atomic<std::uint32_t> holders{1};

 private:
  text_block(std::uint64_t n, std::size_t bytes) noexcept
      : number(n), size(std::uint32_t(bytes) & 0x7fffffff), travels(0) {}
};

}  // namespace detail

struct debugger_view;

class shared_text {
 public:
  constexpr shared_text() noexcept = default;
  // An array of constants is taken for a literal: it must live as long as the program.
  template <std::size_t N>
  constexpr explicit(false) shared_text(const char (&literal)[N]) noexcept : text_(literal) {}
  template <std::size_t N>
  explicit(false) shared_text(char (&buffer)[N]) noexcept : shared_text(copy(buffer)) {}
  template <class T>
    requires(std::is_convertible_v<const T&, std::string_view> && !std::is_array_v<T>)
  explicit(false) shared_text(const T& text) noexcept : shared_text(copy(text)) {}
  shared_text(const shared_text& o) noexcept
      : text_(o.text_), block_(detail::text_block::keep(o.block_)) {}
  shared_text(shared_text&& o) noexcept
      : text_(std::exchange(o.text_, "")), block_(std::exchange(o.block_, nullptr)) {}
  shared_text& operator=(shared_text o) noexcept {
    std::swap(text_, o.text_);
    std::swap(block_, o.block_);
    return *this;
  }
  ~shared_text() {
    if (block_) detail::text_block::drop(block_);
  }

  const char* c_str() const noexcept { return text_; }

 private:
  friend struct debugger_view;
  static shared_text copy(std::string_view text) noexcept;

  const char* text_ = "";
  detail::text_block* block_ = nullptr;  // null: a literal
};

}  // namespace kettle::inline KETTLE_ABI
