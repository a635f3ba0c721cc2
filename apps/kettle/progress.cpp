#include "progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <algorithm>
#include <cstdlib>

namespace kettle::app {
namespace {

constexpr int bar_columns = 24;

}  // namespace

int terminal_columns(std::FILE* stream) {
  int fd = ::fileno(stream);
  const char* kind = std::getenv("TERM");
  if (fd < 0 || ::isatty(fd) == 0 || (kind && std::string_view(kind) == "dumb")) return 0;
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

progress::progress(std::FILE* out, int steps) : progress(out, steps, terminal_columns(out)) {}

progress::progress(std::FILE* out, int steps, int columns)
    : out_(out), steps_(std::max(steps, 1)), columns_(columns) {}

void progress::step(std::string_view what) {
  done_++;
  if (columns_ == 0) return;
  // Busy rounds are repeated, so there may be more steps than were foreseen.
  steps_ = std::max(steps_, done_);
  int full = bar_columns * done_ / steps_;
  auto line = fmt::format("[{:#<{}}{:.<{}}] {} of {}  {}", "", full, "", bar_columns - full, done_,
                          steps_, what);
  line.resize(std::min(line.size(), static_cast<std::size_t>(columns_ - 1)));
  fmt::print(out_, "\r\033[K{}", line);
  std::fflush(out_);
  shown_ = true;
}

void progress::clear() {
  if (!shown_) return;
  fmt::print(out_, "\r\033[K");
  std::fflush(out_);
  shown_ = false;
}

}  // namespace kettle::app
