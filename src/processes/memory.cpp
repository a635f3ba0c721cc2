#include "processes/memory.hpp"

#include <kettle/base/error.hpp>

#include <algorithm>
#include <cstring>
#include <new>

namespace kettle::inline v0 {

namespace {

constexpr std::size_t large_file_bytes = std::size_t(slot_count) * std::size_t(window_bytes);
// So much of all windows stays in memory between uses: fresh pages cost more than the copy.
constexpr std::size_t most_kept = std::size_t(512) << 20;

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
  request_file_ = files_[0].get(), large_file_ = files_[1].get();
  answer_file_ = files_[2].get(), large_answer_file_ = files_[3].get();
  request_view_ = sys::mapping(request_file_, sizeof(request_table));
  answer_view_ = sys::mapping(answer_file_, sizeof(answer_table));
  if (!request_view_) throw_io_error(request_view_.error(), "mmap", "kettle-requests");
  if (!answer_view_) throw_io_error(answer_view_.error(), "mmap", "kettle-answers");
  files_[0].seal_future_writes();  // our view stays writable; nobody gets another one
  request_reader_ = files_[0].read_only();
  large_reader_ = files_[1].read_only();
  if (!request_reader_) throw_io_error(request_reader_.error(), "open", "kettle-requests");
  if (!large_reader_) throw_io_error(large_reader_.error(), "open", "kettle-arguments");
  if (!bell_) throw_io_error(bell_.error(), "eventfd", "");
  held_requests_.assign(slot_count, 0);
  held_answers_.assign(slot_count, 0);
  ::new (request_view_.data()) request_table;
  ::new (answer_view_.data()) answer_table;
}

bool shared_memory::find() noexcept {
  large_file_ = large_fd, answer_file_ = answer_fd, large_answer_file_ = large_answer_fd;
  bell_file_ = bell_fd;
  request_view_ = sys::mapping(request_fd, sizeof(request_table), PROT_READ);
  answer_view_ = sys::mapping(answer_fd, sizeof(answer_table));
  return request_view_ && answer_view_;
}

void shared_memory::give(int (&fds)[shared_fds - 1]) const noexcept {
  fds[0] = request_reader_.get(), fds[1] = large_reader_.get();
  fds[2] = answer_file_, fds[3] = large_answer_file_, fds[4] = bell_.get();
}

int shared_memory::put_request(std::uint32_t slot,
                               const std::vector<unsigned char>& bytes) noexcept {
  request& r = requests().requests[slot];
  r.size = bytes.size();
  if (bytes.size() > inline_bytes)
    return bytes.size() > std::size_t(window_bytes)
               ? -EFBIG
               : sys::write_all_at(large_file_, bytes.data(), bytes.size(),
                                   std::int64_t(slot) * window_bytes);
  std::copy(bytes.begin(), bytes.end(), r.bytes);
  return 0;
}

int shared_memory::put_answer(std::uint32_t slot,
                              const std::vector<unsigned char>& bytes) noexcept {
  answer& a = answers().answers[slot];
  a.size = bytes.size();
  if (bytes.size() > inline_bytes)
    return bytes.size() > std::size_t(window_bytes)
               ? -EFBIG
               : sys::write_all_at(large_answer_file_, bytes.data(), bytes.size(),
                                   std::int64_t(slot) * window_bytes);
  std::copy(bytes.begin(), bytes.end(), a.bytes);
  return 0;
}

unsigned char* shared_memory::buffer::reserve(std::size_t size) {
  if (size > room || !data) {
    delete[] std::exchange(data, nullptr);
    room = 0;
    data = new unsigned char[size + 1];
    room = size;
  }
  return data;
}

const unsigned char* shared_memory::get_request(std::uint32_t slot, buffer& b) const {
  const request& r = requests().requests[slot];
  if (r.size <= inline_bytes) return r.bytes;
  unsigned char* to = b.reserve(r.size);
  int error = sys::read_all_at(large_file_, to, r.size, std::int64_t(slot) * window_bytes);
  if (error < 0) throw_io_error(-error, "read", "the arguments");
  return to;
}

const unsigned char* shared_memory::get_answer(std::uint32_t slot, std::size_t size,
                                               buffer& b) const {
  if (size > std::size_t(window_bytes)) return nullptr;
  unsigned char* to = b.reserve(size);
  if (size <= inline_bytes) {  // copied: a worker gone wild may still write there
    std::memcpy(to, answers().answers[slot].bytes, size);
    return to;
  }
  int error = sys::read_all_at(large_answer_file_, to, size, std::int64_t(slot) * window_bytes);
  return error < 0 ? nullptr : to;
}

void shared_memory::keep_window(int file, std::size_t& held, std::size_t size,
                                std::uint32_t slot) noexcept {
  if (size <= inline_bytes || size <= held) return;
  kept_ += size - held;
  held = size;
  if (kept_ <= most_kept) return;
  sys::give_back(file, std::int64_t(slot) * window_bytes, (held + 4095) / 4096 * 4096);
  kept_ -= std::exchange(held, 0);
}

void shared_memory::keep(std::uint32_t slot, std::size_t request_size,
                         std::size_t answer_size) noexcept {
  keep_window(large_file_, held_requests_[slot], request_size, slot);
  keep_window(large_answer_file_, held_answers_[slot],
              std::min(answer_size, std::size_t(window_bytes)), slot);
}

void shared_memory::give_back() noexcept {
  for (std::uint32_t slot = 0; slot < slot_count && kept_ > 0; slot++) {
    auto offset = std::int64_t(slot) * window_bytes;
    auto empty = [&](int file, std::size_t& held) {
      if (held) sys::give_back(file, offset, (held + 4095) / 4096 * 4096);
      kept_ -= std::exchange(held, 0);
    };
    empty(large_file_, held_requests_[slot]);
    empty(large_answer_file_, held_answers_[slot]);
  }
}

void shared_memory::ring_bell() const noexcept {
  if (bell_file_ >= 0)
    sys::ring_event(bell_file_);
  else
    bell_.ring();
}

}  // namespace kettle::inline v0
