#include "output_file.hpp"

#include "bad_input.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace kettle::app {
namespace {

namespace fs = std::filesystem;

struct target {
  const std::string& option;
  const std::string& path;
};

[[noreturn]] void refuse(const target& at, int problem, int exit_status) {
  throw bad_input(exit_status,
                  fmt::format("{} {}: {}", at.option, at.path, std::strerror(problem)));
}

bool is_special(const std::string& path) {
  std::error_code unknown;
  auto status = fs::status(path, unknown);
  return fs::exists(status) && !fs::is_regular_file(status);
}

// Where a link leads even if nothing is there yet, so that the link stays and its target is made.
std::string behind_links(fs::path path) {
  std::error_code unknown;
  for (int links = 0; links < 40 && fs::is_symlink(path, unknown); links++)
    path = path.parent_path() / fs::read_symlink(path, unknown);  // an absolute one replaces all
  return path.string();
}

fs::path folder_of(const std::string& path) {
  auto folder = fs::path(path).parent_path();
  return folder.empty() ? fs::path(".") : folder;
}

void write_all(std::FILE* out, const target& at, const std::string& text) {
  bool written = std::fwrite(text.data(), 1, text.size(), out) == text.size();
  int problem = errno;
  if (std::fclose(out) != 0 && written) problem = errno, written = false;
  if (!written) refuse(at, problem, exit_failed);
}

}  // namespace

void check_writable(const std::string& option, const std::string& path) {
  target at{option, path};
  std::error_code unknown;
  if (fs::is_directory(path, unknown)) refuse(at, EISDIR, exit_usage);
  if (fs::exists(path, unknown) && ::access(path.c_str(), W_OK) != 0) refuse(at, errno, exit_usage);
  if (!is_special(path) && ::access(folder_of(path).c_str(), W_OK | X_OK) != 0)
    refuse(at, errno, exit_usage);
}

void write_whole(const std::string& option, const std::string& path, const std::string& text) {
  target at{option, path};
  if (is_special(path)) {
    std::FILE* out = std::fopen(path.c_str(), "we");
    if (!out) refuse(at, errno, exit_failed);
    return write_all(out, at, text);
  }
  auto real = behind_links(path);
  std::string beside = real + ".XXXXXX";
  int fd = ::mkostemp(beside.data(), O_CLOEXEC);
  std::FILE* out = fd < 0 ? nullptr : ::fdopen(fd, "w");
  if (!out) refuse(at, errno, exit_failed);
  ::fchmod(fd, 0644);
  try {
    write_all(out, at, text);
    if (::rename(beside.c_str(), real.c_str()) != 0) refuse(at, errno, exit_failed);
  } catch (const bad_input&) {
    ::unlink(beside.c_str());
    throw;
  }
}

}  // namespace kettle::app
