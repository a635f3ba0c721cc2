#include <kettle/base/seam.hpp>
#include <kettle/base/thrown.hpp>
#include <kettle/loop/run_guard.hpp>

#include "core/home.hpp"
#include "core/task_tree.hpp"
#include "loop/choose.hpp"
#include "loop/run_signals.hpp"
#include "loop/sim_world.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>

namespace kettle::inline KETTLE_ABI::detail {

namespace {

// An error that nobody catches ends the program: then, and only then, it is said which task it came
// from.
std::string& last_error() {
  static auto* text = new std::string;  // read by the terminate handler: never destroyed
  return *text;
}

std::terminate_handler terminate_as_before = nullptr;

void say_and_terminate() {
  if (!last_error().empty())
    std::fprintf(stderr, "kettle: an error left run: %s\n", last_error().c_str());
  terminate_as_before();
}

void remember(const nursery::result& r) {
  if (seam::exploring()) return;  // its handler would go with the exploration
  static const auto before = terminate_as_before = std::set_terminate(say_and_terminate);
  (void)before;
  last_error() = describe(r.errors.front());
  if (!r.first_failed.empty()) last_error() += " (" + r.first_failed + ")";
}

// KETTLE_CLOCK=virtual runs a program without waiting for its clock, to try it out or test it.
bool wants_virtual_time(const run_options& o) {
  if (o.time == time_kind::virtual_time) return true;
  const char* clock = std::getenv("KETTLE_CLOCK");
  if (!clock || std::strcmp(clock, "real") == 0) return false;
  if (std::strcmp(clock, "virtual") == 0) return true;
  throw usage_error(std::string("KETTLE_CLOCK: unknown clock '") + clock +
                    "': it may be real or virtual");
}

}  // namespace

struct run_guard::state {
  struct deadlock_note : mail {
    explicit deadlock_note(state& s) noexcept : mail(deliver), self(s) {}
    static void deliver(mail& m) noexcept { static_cast<deadlock_note&>(m).self.deadlock(); }
    state& self;
  };

  explicit state(home& h, bool virtual_time)
      : at(h),
        outer(h.in()),
        world(virtual_time ? std::make_unique<sim_world>() : nullptr),
        here(world.get(), &h),
        note(*this) {}

  // Everybody sleeps for ever: unwind it all with the tree as it stands. If that does not end it,
  // waits that can fail do, one after the other. What then still waits does so shielded: nothing
  // can be done but to say where.
  void deadlock() noexcept {
    if (!deadlock_text.empty()) {
      if (give_up_one(root->scope())) return;
      std::fprintf(stderr, "kettle: deadlock under a shield:\n%s", tree().c_str());
      std::abort();
    }
    deadlock_text = "deadlock";
    try {
      deadlock_text = "deadlock: nothing can run, and nothing can wake it\n" + tree();
    } catch (const std::bad_alloc&) {  // then without the tree
    }
    root->cancel("deadlock");
  }
  std::string tree() const { return task_tree(root->scope()); }

  home& at;
  domain& outer;  // a run may stand within another one
  std::unique_ptr<sim_world> world;
  domain here;
  deadlock_note note;
  std::unique_ptr<backend> outer_backend;
  std::optional<run_signals> signals;
  nursery* root = nullptr;
  std::string deadlock_text;
};

run_guard::run_guard(const run_options& o) {
  context& c = blocking_context();
  home& h = *c.at_;
  if (&c != &h.thread())
    throw usage_error("run: this is a fiber of a running loop; await what you want to run");
  auto made = std::make_unique<state>(h, wants_virtual_time(o));
  state& s = *made;
  std::unique_ptr<backend> wanted;
  if (o.backend) wanted = make_backend(parse_backend(o.backend), nullptr);
  h.enter(s.here);  // first: it waits for posters, who may be about to wake the former back end
  s.outer_backend = h.give_backend();
  h.use_backend(std::move(wanted));  // none: made on first use
  s.here.work_begins();
  s.here.on_deadlock(&s.note);
  state_ = made.release();
}

run_guard::~run_guard() {
  state& s = *state_;
  s.signals.reset();
  s.here.on_deadlock(nullptr);
  s.here.work_ends();
  s.at.enter(s.outer);
  s.at.use_backend(std::move(s.outer_backend));
  delete state_;
}

void run_guard::root(nursery& n) noexcept {
  state_->root = &n;
  state_->signals.emplace(n, state_->at);
}

namespace {

// A group of exactly one error is that error, however deep its nursery was.
[[noreturn]] void throw_unwrapped(std::exception_ptr error) {
  for (;;) {
    auto* group = thrown_as<error_group>(error);
    if (!group || group->errors().size() != 1) std::rethrow_exception(error);
    error = std::exception_ptr(group->errors().front());  // a copy: the group goes with `error`
  }
}

}  // namespace

void run_guard::finish(nursery::result r) {
  state& s = *state_;
  int signal = s.signals->cancelled_by();
  s.signals.reset();
  if (signal) end_by_signal(signal);
  if (!s.deadlock_text.empty()) throw deadlock_error(s.deadlock_text);
  if (!r.errors.empty()) remember(r);
  if (r.errors.size() == 1) throw_unwrapped(r.errors.front());
  if (!r.errors.empty()) throw error_group(std::move(r.errors));
  if (r.cancelled) throw cancelled{s.root->scope().reason()};
}

}  // namespace kettle::inline KETTLE_ABI::detail
