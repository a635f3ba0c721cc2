#include "work.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace kettle::app {
namespace {

constexpr std::string_view file_word = "file ";
constexpr std::string_view fibonacci_word = "fib ";

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

}  // namespace

std::string sha256(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), raw.data(), &size, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("libcrypto could not compute a SHA-256");
  std::string hex;
  for (unsigned i = 0; i < size; i++) hex += fmt::format("{:02x}", raw[i]);
  return hex;
}

std::size_t count_words(std::string_view text) {
  std::size_t words = 0;
  bool inside = false;
  for (char c : text) {
    bool blank = is_blank(c);
    words += !blank && !inside;
    inside = !blank;
  }
  return words;
}

std::uint64_t fibonacci(unsigned n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

std::string read_file(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) throw std::runtime_error(std::strerror(errno));
  std::string text;
  std::array<char, 64 * 1024> buffer;
  ssize_t n;
  while ((n = ::read(fd, buffer.data(), buffer.size())) > 0)
    text.append(buffer.data(), static_cast<std::size_t>(n));
  int problem = errno;
  ::close(fd);
  if (n < 0) throw std::runtime_error(std::strerror(problem));
  return text;
}

std::string digest(std::string_view text, std::size_t passes) {
  std::string hash;
  std::size_t words = 0;
  for (std::size_t i = 0; i < passes; i++) {
    hash = sha256(text);
    words += count_words(text);
  }
  return fmt::format("{} {}", hash, words);
}

std::string file_item(std::size_t passes, const std::string& path) {
  return fmt::format("{}{} {}", file_word, passes, path);
}

std::string fibonacci_item(unsigned n) { return fmt::format("{}{}", fibonacci_word, n); }

std::string compute(const std::string& item) {
  std::string_view rest = item;
  unsigned number = 0;
  if (rest.starts_with(fibonacci_word)) {
    rest.remove_prefix(fibonacci_word.size());
    std::from_chars(rest.data(), rest.data() + rest.size(), number);
    return std::to_string(fibonacci(number));
  }
  rest.remove_prefix(file_word.size());
  auto stop = std::from_chars(rest.data(), rest.data() + rest.size(), number).ptr;
  return digest(read_file(stop + 1), number);
}

std::string name_of_item(const std::string& item) {
  if (!item.starts_with(file_word)) return item;
  auto blank = item.find(' ', file_word.size());
  return blank == item.npos ? item : item.substr(blank + 1);
}

}  // namespace kettle::app
