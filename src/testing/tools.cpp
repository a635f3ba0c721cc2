// What bodies of explorations use: threads, variables, checks.

#include "sys/thread.hpp"
#include "testing/engine.hpp"

#include <kettle/base/error.hpp>
#include <kettle/testing.hpp>

namespace kettle::inline KETTLE_ABI::testing {

namespace {

detail::engine& engine_here(const char* what) {
  if (!kettle::detail::seam::exploring())
    throw usage_error(std::string(what) + ": only in the body of an exploration");
  return detail::engine::here();
}

}  // namespace

void check(bool holds, const char* rule, kettle::detail::seam::where at) {
  if (!holds) engine_here("testing::check").fail("check", rule ? rule : "", at);
}

unsigned choose(unsigned n) {
  if (n == 0 || n > 63) throw usage_error("testing::choose: one of 1 to 63");
  return engine_here("testing::choose").choose(n);
}

void name_thread(const char* name) {
  engine_here("testing::name_thread").name_thread(name ? name : "");
}

void thread::start(const char* name, std::unique_ptr<detail::thread_function> f, where at) {
  detail::engine& engine = engine_here("testing::thread");
  std::shared_ptr<detail::thread_function> shared = std::move(f);  // std::function wants a copy
  handle_ = static_cast<unsigned long>(
      engine.start_thread(name ? name : "", [shared = std::move(shared)] { shared->call(); }, at));
}

void thread::join(where at) {
  if (!std::exchange(joined_, true)) engine_here("testing::thread").join_thread(int(handle_), at);
}

detail::variable::variable() : history_(std::make_unique<variable_history>()) {
  if (kettle::detail::seam::exploring()) engine::here().begins(this, *history_);
}
detail::variable::~variable() {
  if (kettle::detail::seam::exploring()) engine::here().ends(this, *history_);
}
void detail::variable::access(bool writes, kettle::detail::seam::where at) const {
  engine_here("testing::var").access(this, writes, history_, at);
}

}  // namespace kettle::inline KETTLE_ABI::testing
