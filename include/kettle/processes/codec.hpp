#pragma once
// How values travel between processes of one program: as bytes, without registration.
//
//   encoder out;  encode(out, values);                     // std containers, strings, optional,
//   decoder in(out.bytes());                               // variant, tuple, pair, chrono, enums,
//   auto again = decode<decltype(values)>(in);             // aggregates, functions, closures
//
// Both ends are the same build, so nothing describes the types. A class of another kind says how by
// a member `void serialize(auto& archive) { archive(a, b); }` (it must be default-constructible).
// Pointers and references do not compile; bytes of a trivially copyable class or closure are looked
// through for addresses: std::invalid_argument. A function travels as its place in its image.
//
// decode() may be given any bytes: it throws decode_error, and never allocates more than a small
// multiple of what it was given. A std::string_view or const char* refers to the decoder's bytes.

#include <kettle/processes/detail/fields.hpp>
#include <kettle/processes/errors.hpp>

#include <cstring>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace kettle::inline KETTLE_ABI {

// Where a function is: in which image of the program (by its build-id), how far from its beginning.
struct code_reference {
  std::uint8_t id_size = 0;
  unsigned char id[32] = {};
  std::uint64_t offset = 0;
  std::string path;  // of the image, for a process that has not loaded it yet
};
code_reference reference_of(const void* code);  // std::invalid_argument: in no image
const void* resolve(const code_reference& r);   // decode_error: this process has no such image

class encoder {
 public:
  static constexpr bool is_loading = false, is_saving = true;

  encoder() = default;
  encoder(const encoder&) = delete;
  encoder& operator=(const encoder&) = delete;
  virtual ~encoder() = default;

  void bytes(const void* data, std::size_t size) {
    if (size > std::size_t(end_ - at_)) grow(size);
    if (size) std::memcpy(at_, data, size);
    at_ += size;
  }
  template <class T> void raw(const T& value) { bytes(&value, sizeof value); }
  void size(std::size_t n) { raw(std::uint64_t(n)); }
  void text(std::string_view s) { size(s.size()), bytes(s.data(), s.size()); }
  void code(const void* function);
  // Throws std::invalid_argument if one of the words is the address of something.
  void closure(const void* data, std::size_t size);

  // All that was written, until more is.
  std::string_view bytes() const noexcept {
    return {reinterpret_cast<const char*>(begin_), std::size_t(at_ - begin_)};
  }

  template <class... T> encoder& operator()(const T&... values);
  template <class T> encoder& operator&(const T& value) { return (*this)(value); }

 protected:
  // Makes room for `more` bytes; here on the heap.
  virtual void grow(std::size_t more);
  // Goes on in other memory, where what was written lies already.
  void move_to(unsigned char* memory, std::size_t room) noexcept {
    at_ = memory + (at_ - begin_), begin_ = memory, end_ = memory + room;
  }
  void restart_in(unsigned char* memory, std::size_t room) noexcept {
    begin_ = at_ = memory, end_ = memory + room;
  }

 private:
  unsigned char *begin_ = nullptr, *at_ = nullptr, *end_ = nullptr;
  std::vector<unsigned char> heap_;
};

class decoder {
 public:
  static constexpr bool is_loading = true, is_saving = false;

  explicit decoder(std::string_view all) noexcept : decoder(all.data(), all.size()) {}
  decoder(const void* data, std::size_t size) noexcept
      : at_(static_cast<const unsigned char*>(data)), left_(size) {}

  const unsigned char* bytes(std::size_t size) {
    if (size > left_) fail("the bytes end too early");
    left_ -= size;
    return std::exchange(at_, at_ + size);
  }
  template <class T> T raw() {
    T value;
    std::memcpy(&value, bytes(sizeof value), sizeof value);
    // Read once: what was judged is what is used, though a worker gone wild may still write there.
    __asm__ volatile("" ::: "memory");
    return value;
  }
  // How many elements follow, each of at least `least` bytes.
  std::size_t size(std::size_t least) {
    auto n = raw<std::uint64_t>();
    if (n > left_ / least) fail("a count is larger than what follows");
    return std::size_t(n);
  }
  std::string_view text() {
    std::size_t n = size(1);
    return {reinterpret_cast<const char*>(bytes(n)), n};
  }
  const void* code();
  std::size_t left() const noexcept { return left_; }
  void expect_end() const {
    if (left_) fail("bytes are left over");
  }

  // Types that contain themselves may nest only so deep.
  class level {
   public:
    explicit level(decoder& d) : d_(d) {
      if (++d_.depth_ > 500) fail("nested too deep");
    }
    ~level() { d_.depth_--; }
    level(const level&) = delete;
    level& operator=(const level&) = delete;

   private:
    decoder& d_;
  };
  [[noreturn]] static void fail(const char* why);

  template <class... T> decoder& operator()(T&... values);
  template <class T> decoder& operator&(T& value) { return (*this)(value); }

 private:
  const unsigned char* at_;
  std::size_t left_;
  int depth_ = 0;
};

template <class T> void encode(encoder& out, const T& value);
template <class T> T decode(decoder& in);

}  // namespace kettle::inline KETTLE_ABI

#include <kettle/processes/detail/codec_kinds.hpp>
