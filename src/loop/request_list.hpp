#pragma once
// A first-in first-out list of requests through their own links.

#include <kettle/core/io_request.hpp>

namespace kettle::inline KETTLE_ABI {

class request_list {
 public:
  bool empty() const noexcept { return first_ == nullptr; }
  io_request* front() const noexcept { return first_; }
  static io_request* after(const io_request& r) noexcept { return r.next; }

  void push_back(io_request& r) noexcept {
    r.next = nullptr;
    r.prev = last_;
    (last_ ? last_->next : first_) = &r;
    last_ = &r;
  }
  void remove(io_request& r) noexcept {
    (r.prev ? r.prev->next : first_) = r.next;
    (r.next ? r.next->prev : last_) = r.prev;
    r.next = r.prev = nullptr;
  }
  io_request* pop_front() noexcept {
    io_request* r = first_;
    if (r) remove(*r);
    return r;
  }
  request_list take() noexcept {
    request_list all = *this;
    first_ = last_ = nullptr;
    return all;
  }

 private:
  io_request* first_ = nullptr;
  io_request* last_ = nullptr;
};

}  // namespace kettle::inline KETTLE_ABI
