#pragma once
// The computing that compare measures: real hashing and counting, and a function that only
// computes.
//
//   compute("file 3 /usr/share/doc/bash/README");   // three times SHA-256 and a word count: the
//   answer compute("fib 30");                              // naive recursive Fibonacci
//
// Ordinary functions: they know nothing of the method that runs them, and give the same answer in
// all.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kettle::app {

std::string sha256(std::string_view bytes);  // as hexadecimal digits
std::size_t count_words(std::string_view text);
std::uint64_t fibonacci(unsigned n);

std::string read_file(const std::string& path);  // throws std::runtime_error with the reason

// Hashes and counts `passes` times over, as if it were so many texts.
std::string digest(std::string_view text, std::size_t passes);

// One computing item: "file PASSES PATH" or "fib N".
std::string file_item(std::size_t passes, const std::string& path);
std::string fibonacci_item(unsigned n);
std::string compute(const std::string& item);

// What an item is called in a message: the path of a file, else the item itself.
std::string name_of_item(const std::string& item);

}  // namespace kettle::app
