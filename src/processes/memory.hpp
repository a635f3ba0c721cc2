#pragma once
// The four files that client, server and workers share (table.hpp), made by the client and found by
// the others at known descriptors.
//
//   shared_memory m;  m.make();                     // client: throws io_error
//   shared_memory m;  m.find();                     // server and its forks

#include "processes/table.hpp"
#include "sys/eventfd.hpp"

#include <utility>
#include <vector>

namespace kettle::inline v0 {

class shared_memory {
 public:
  void make();
  bool find() noexcept;

  request_table& requests() const noexcept {
    return *static_cast<request_table*>(request_view_.data());
  }
  answer_table& answers() const noexcept {
    return *static_cast<answer_table*>(answer_view_.data());
  }
  // The client's: what workers get of requests and large arguments cannot be written through.
  void give(int (&fds)[shared_fds - 1]) const noexcept;

  // Both 0 or -errno. Whoever owns the slot.
  int put_request(std::uint32_t slot, const std::vector<unsigned char>& bytes) noexcept;
  int put_answer(std::uint32_t slot, const std::vector<unsigned char>& bytes) noexcept;
  // Where the bytes are: in the table, or read into `buffer`. Null: they could not be read.
  struct buffer {
    buffer() = default;
    buffer& operator=(buffer&& o) noexcept {
      std::swap(data, o.data);
      std::swap(room, o.room);
      return *this;
    }
    buffer(const buffer&) = delete;
    ~buffer() { delete[] data; }
    unsigned char* reserve(std::size_t size);
    unsigned char* data = nullptr;
    std::size_t room = 0;
  };
  const unsigned char* get_request(std::uint32_t slot, buffer& b) const;
  const unsigned char* get_answer(std::uint32_t slot, std::size_t size, buffer& b) const;
  // The slot is free: what its windows held may stay in memory for the next use, up to a limit...
  void keep(std::uint32_t slot, std::size_t request_size, std::size_t answer_size) noexcept;
  // ... and until there has been nothing to do for a while.
  bool keeps_much() const noexcept { return kept_ > 0; }
  void give_back() noexcept;

  void ring_bell() const noexcept;
  int bell() const noexcept { return bell_.get(); }
  std::uint64_t take_bell() const noexcept { return bell_.take(); }

 private:
  void keep_window(int file, std::size_t& held, std::size_t size, std::uint32_t slot) noexcept;
  std::size_t kept_ = 0;
  std::vector<std::size_t> held_requests_, held_answers_;  // bytes of each slot's windows
  sys::memfd make_file(const char* name, std::size_t size);
  int request_file_ = -1, large_file_ = -1, answer_file_ = -1, large_answer_file_ = -1,
      bell_file_ = -1;
  std::vector<sys::memfd> files_;
  sys::unique_fd request_reader_, large_reader_;
  sys::event_fd bell_;
  sys::mapping request_view_, answer_view_;
};

}  // namespace kettle::inline v0
