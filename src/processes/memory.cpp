#include "processes/memory.hpp"

#include <kettle/base/error.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace kettle::inline KETTLE_ABI {

namespace {

constexpr std::size_t large_file_bytes = std::size_t(slot_count) * std::size_t(window_bytes);

}  // namespace

sys::memfd shared_memory::make_file(const char* name, std::size_t size) {
  sys::memfd file(name, size);
  if (!file) throw_io_error(file.error(), "memfd_create", name);
  if (int r = file.seal_size(); r < 0) throw_io_error(-r, "seal", name);
  return file;
}

void shared_memory::make() {
  files_.clear();
  files_.push_back(make_file("kettle-requests", sizeof(request_table)));
  files_.push_back(make_file("kettle-arguments", large_file_bytes));
  files_.push_back(make_file("kettle-answers", sizeof(answer_table)));
  files_.push_back(make_file("kettle-results", large_file_bytes));
  request_view_ = sys::mapping(files_[0].get(), sizeof(request_table));
  answer_view_ = sys::mapping(files_[2].get(), sizeof(answer_table));
  if (!request_view_) throw_io_error(request_view_.error(), "mmap", "kettle-requests");
  if (!answer_view_) throw_io_error(answer_view_.error(), "mmap", "kettle-answers");
  files_[0].seal_future_writes();  // our view stays writable; nobody gets another one
  request_reader_ = files_[0].read_only();
  large_reader_ = files_[1].read_only();
  if (!request_reader_) throw_io_error(request_reader_.error(), "open", "kettle-requests");
  if (!large_reader_) throw_io_error(large_reader_.error(), "open", "kettle-arguments");
  if (!bell_) throw_io_error(bell_.error(), "eventfd", "");
  arguments_.use(files_[1].get(), PROT_READ | PROT_WRITE);
  results_.use(files_[3].get(), PROT_READ);
}

bool shared_memory::find() noexcept {
  bell_file_ = bell_fd;
  arguments_.use(large_fd, PROT_READ);
  results_.use(large_answer_fd, PROT_READ | PROT_WRITE);
  request_view_ = sys::mapping(request_fd, sizeof(request_table), PROT_READ);
  answer_view_ = sys::mapping(answer_fd, sizeof(answer_table));
  return request_view_ && answer_view_;
}

void shared_memory::give(int (&fds)[shared_fds - 1]) const noexcept {
  fds[0] = request_reader_.get(), fds[1] = large_reader_.get();
  fds[2] = files_[2].get(), fds[3] = files_[3].get(), fds[4] = bell_.get();
}

void shared_memory::keep(std::uint32_t slot, std::size_t request_size,
                         std::size_t answer_size) noexcept {
  if (request_size > inline_bytes) arguments_.keep(slot, request_size);
  // The size is a worker's word, and judged only as far as this.
  if (answer_size > inline_bytes)
    results_.keep(slot, std::min(answer_size, std::size_t(window_bytes)));
}

void slot_encoder::grow(std::size_t more) {
  std::string_view written = bytes();
  std::size_t room =
      std::max(written.size() + more, std::min(2 * written.size(), std::size_t(window_bytes)));
  unsigned char* to = (memory_.*room_)(slot_, room);
  if (!to) throw_io_error(ENOMEM, "map", "the arguments or the result of a task");
  if (!std::exchange(in_window_, true)) std::copy(written.begin(), written.end(), to);
  move_to(to, room);
}

void shared_memory::ring_bell() const noexcept {
  if (bell_file_ >= 0)
    sys::ring_event(bell_file_);
  else
    bell_.ring();
}

}  // namespace kettle::inline KETTLE_ABI
