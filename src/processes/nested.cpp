#include "processes/nested.hpp"

#include "sys/thread.hpp"

#include <kettle/base/error.hpp>

namespace kettle::inline KETTLE_ABI {

namespace {

class thread_each final : public job_queue {};
thread_each threads;

void* body(void* p) {
  auto& t = *static_cast<queue_ticket*>(p);
  placed_child_base* c = t.take();
  t.drop();
  if (c) c->run_remote();
  return nullptr;
}

}  // namespace

void run_nested(placed_child_base& child) noexcept {
  bool runs = child.begin_remote(threads);
  queue_ticket& t = child.ticket();
  if (!runs) return t.drop();
  sys::thread_handle thread;
  int error = sys::start_thread(thread, body, &t);
  if (error == 0) return sys::detach_thread(thread);
  if (placed_child_base* c = t.take()) {
    c->fail(std::make_exception_ptr(
        io_error(std::error_code(error, std::system_category()), "start", "a thread")));
    c->end_unrun();
  }
  t.drop();
}

}  // namespace kettle::inline KETTLE_ABI
