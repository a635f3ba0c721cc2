#pragma once
// One request to the loop's back end as a wait: what every I/O operation is made of.
//
// Tried at once; only what has to wait becomes the kernel's. From then on buffer and request are
// the kernel's until its completion: cancelling asks it to let go and waits for the answer, and the
// answer decides. What was done before the request to cancel arrived counts, and the next wait
// throws. Threads: all of it happens on the waiter's home.

#include <kettle/core/io_request.hpp>
#include <kettle/core/wait_point.hpp>

namespace kettle::inline KETTLE_ABI::detail {

class io_wait : public wait_point, protected io_request {
 public:
  explicit io_wait(io_kind k) noexcept {
    kind = k;
    done = completed;
  }
  io_wait(const io_wait& o) noexcept : wait_point(o), io_request(o) {}
  void unlink() noexcept override {}  // never linked anywhere: see cancel()
  void cancel() noexcept override;

 protected:
  ~io_wait() = default;

  // For start(): true when it is over already. Throws where the thread has no back end yet and none
  // can be made.
  bool begin_request();
  // Looks at `result`; false: there is more to do, the request is set up for it.
  virtual bool step() noexcept { return true; }
  // Asked before the wait ends with `result`: true when it goes on by itself after a while.
  virtual bool pauses() noexcept { return false; }
  // The kernel has let go and `result` stands, just before the waiter is woken.
  virtual void ended() noexcept {}
  // -ECANCELED without having been cancelled: somebody closed the descriptor.
  bool was_closed() const noexcept;
  void finish_wait(claim how) noexcept;  // ended(), then wakes the waiter

  bool in_kernel_ = false;
  bool asked_ = false;  // to let go

 private:
  void spend_moved() noexcept;
  static void completed(io_request& r) noexcept;
};

}  // namespace kettle::inline KETTLE_ABI::detail
