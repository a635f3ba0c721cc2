#include <kettle/processes/process_pool.hpp>

#include "core/home.hpp"
#include "processes/engine.hpp"
#include "processes/nested.hpp"

namespace kettle::inline v0 {

namespace {

class room_operation : public operation<room_operation> {
 public:
  explicit room_operation(process_engine& e) noexcept : engine_(e) {}
  ~room_operation() { leave(); }
  bool start() override {
    if (engine_.when_room(*this)) return true;
    tls.at->outside_wakers.fetch_add(1, relaxed);  // processes are not in our run's deadlock check
    counted_ = true;
    return false;
  }
  void unlink() noexcept override { engine_.forget_room(*this); }
  const char* what() const noexcept override { return "process_pool.start"; }
  void finish() noexcept { leave(); }

 private:
  void leave() noexcept {
    if (std::exchange(counted_, false)) tls.at->outside_wakers.fetch_sub(1, relaxed);
  }
  process_engine& engine_;
  bool counted_ = false;
};

}  // namespace

process_pool::process_pool(process_pool_options options)
    : engine_(std::make_unique<process_engine>(options)) {}

process_pool::~process_pool() = default;

process_pool::close_operation process_pool::close(close_mode mode) noexcept {
  return {*engine_, mode};
}

std::size_t process_pool::width() const noexcept { return engine_->width(); }
pool_stats process_pool::stats() const noexcept { return engine_->stats(); }

void process_pool::launch(placed_child_base& child) const {
  if (in_worker()) return run_nested(child);
  engine_->launch(child);
}

void process_pool::launch_own(placed_child_base& child) {
  if (in_worker()) return run_nested(child);
  if (engine_->is_closed()) throw usage_error("start: this pool is closed");
  if (this_context().can_block()) {
    room_operation room(*engine_);
    room.get();  // a hint: somebody may be faster, then it waits in the overflow
  }
  if (engine_->is_closed()) throw usage_error("start: this pool is closed");
  engine_->launch(child);
}

bool process_pool::close_operation::start() {
  engine_->close(mode_);
  if (!engine_->when_ended(*this)) return true;
  tls.at->outside_wakers.fetch_add(1, relaxed);
  counted_ = true;
  return false;
}

void process_pool::close_operation::finish() noexcept {
  if (std::exchange(counted_, false)) tls.at->outside_wakers.fetch_sub(1, relaxed);
  engine_->join();
}

}  // namespace kettle::inline v0
