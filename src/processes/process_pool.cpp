#include <kettle/processes/process_pool.hpp>

#include "core/home.hpp"
#include "processes/engine.hpp"
#include "processes/nested.hpp"

namespace kettle::inline KETTLE_ABI {

namespace {

// Processes are not in our run's deadlock check: while we wait for one it is not judged.
void count(bool& counted) noexcept {
  tls.at->outside_wakers.fetch_add(1, relaxed);
  counted = true;
}
void uncount(bool& counted) noexcept {
  if (std::exchange(counted, false)) tls.at->outside_wakers.fetch_sub(1, relaxed);
}

class room_operation : public operation<room_operation> {
 public:
  explicit room_operation(process_engine& e) noexcept : engine_(e) {}
  ~room_operation() { uncount(counted_); }
  bool start() override {
    if (engine_.when_room(*this)) return true;
    count(counted_);
    return false;
  }
  void unlink() noexcept override { engine_.forget(*this); }
  const char* what() const noexcept override { return "process_pool.start"; }
  void finish() noexcept { uncount(counted_); }

 private:
  process_engine& engine_;
  bool counted_ = false;
};

}  // namespace

process_pool::process_pool(process_pool_options options)
    : engine_(std::make_unique<process_engine>(options)) {}

process_pool::~process_pool() {
  if (engine_->is_ours() && !engine_->can_be_joined()) engine_.release()->end_alone();
}

process_pool::close_operation process_pool::close(close_mode mode) noexcept {
  return {*engine_, mode};
}

process_pool::warm_up_operation process_pool::warm_up() noexcept {
  return warm_up_operation(*engine_);
}

std::size_t process_pool::width() const noexcept { return engine_->width(); }
pool_stats process_pool::stats() const noexcept { return engine_->stats(); }

void process_pool::launch(placed_child_base& child) const {
  if (in_worker()) return run_nested(child);
  engine_->launch(child);
}

void process_pool::launch_own(placed_child_base& child) {
  if (in_worker()) return run_nested(child);
  if (this_context().can_block()) {
    room_operation room(*engine_);
    room.get();  // a hint: somebody may be faster, then it waits in the overflow
  }
  if (engine_->is_closed()) throw usage_error("start: this pool is closed");
  engine_->launch(child);
}

bool process_pool::warm_up_operation::start() {
  if (in_worker() || engine_->when_warm(*this)) return true;
  count(counted_);
  return false;
}

void process_pool::warm_up_operation::unlink() noexcept { engine_->forget(*this); }
void process_pool::warm_up_operation::leave() noexcept { uncount(counted_); }

void process_pool::warm_up_operation::finish() {
  leave();
  engine_->check_open();
}

bool process_pool::close_operation::start() {
  engine_->close(mode_);
  if (!engine_->when_ended(*this)) return true;
  count(counted_);
  return false;
}

void process_pool::close_operation::finish() noexcept {
  uncount(counted_);
  engine_->join();
}

}  // namespace kettle::inline KETTLE_ABI
