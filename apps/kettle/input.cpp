#include "input.hpp"

#include "bad_input.hpp"

#include <fmt/format.h>
#include <glob.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>

namespace kettle::app {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const std::string& what, std::string_view why) {
  throw bad_input(exit_usage, fmt::format("{}: {}", what, why));
}

std::vector<std::string> lines_from(std::istream& in, const std::string& name) {
  std::vector<std::string> lines;
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    number++;
    if (line.find('\0') != line.npos) refuse(name, fmt::format("line {} has a NUL byte", number));
    if (line.empty()) continue;
    if (lines.size() == most_items) refuse(name, fmt::format("more than {} lines", most_items));
    lines.push_back(line);
  }
  if (in.bad()) refuse(name, std::strerror(errno));
  if (lines.empty()) refuse(name, "the list is empty");
  return lines;
}

std::vector<std::string> below(const fs::path& root) {
  std::vector<std::string> files;
  std::error_code problem;
  auto options = fs::directory_options::skip_permission_denied;
  fs::recursive_directory_iterator walk(root, options, problem);
  if (problem) refuse("--files " + root.string(), problem.message());
  for (; walk != fs::recursive_directory_iterator(); walk.increment(problem)) {
    if (problem) refuse("--files " + root.string(), problem.message());
    std::error_code unknown;
    if (walk->is_regular_file(unknown)) files.push_back(walk->path().string());
    if (files.size() > most_items)
      refuse("--files " + root.string(), fmt::format("more than {} files", most_items));
  }
  return files;
}

std::vector<std::string> matching(const std::string& pattern) {
  std::vector<std::string> files;
  glob_t found{};
  int result = ::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found);
  for (std::size_t i = 0; result == 0 && i < found.gl_pathc; i++) {
    std::error_code unknown;
    if (fs::is_regular_file(found.gl_pathv[i], unknown)) files.emplace_back(found.gl_pathv[i]);
  }
  ::globfree(&found);
  return files;
}

}  // namespace

std::vector<std::string> lines_of(const std::string& option, const std::string& path) {
  if (path.empty()) return lines_from(std::cin, "standard input");
  std::string name = option + " " + path;
  std::error_code unknown;
  if (fs::is_directory(path, unknown)) refuse(name, "it is a directory");
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) refuse(name, errno != 0 ? std::strerror(errno) : "cannot be read");
  return lines_from(in, name);
}

std::vector<std::string> urls_of(const std::string& option, const std::string& path) {
  std::vector<std::string> urls;
  for (auto& line : lines_of(option, path)) {
    auto first = line.find_first_not_of(" \t\r");
    if (first == line.npos || line[first] == '#') continue;
    urls.push_back(line.substr(first, line.find_last_not_of(" \t\r") - first + 1));
  }
  if (urls.empty()) refuse(option + " " + path, "the list is empty");
  return urls;
}

std::vector<std::string> files_of(const std::string& where) {
  std::error_code unknown;
  std::vector<std::string> files;
  if (fs::is_directory(where, unknown)) {
    files = below(where);
    if (files.empty()) refuse("--files " + where, "there is no regular file in it");
  } else {
    files = matching(where);
    if (files.empty()) refuse("--files " + where, "no such file, and no file matches it");
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace kettle::app
