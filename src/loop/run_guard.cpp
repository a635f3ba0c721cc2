#include <kettle/base/seam.hpp>
#include <kettle/base/spin_lock.hpp>
#include <kettle/base/thrown.hpp>
#include <kettle/loop/run_guard.hpp>

#include "core/home.hpp"
#include "core/task_tree.hpp"
#include "loop/choose.hpp"
#include "loop/grace.hpp"
#include "loop/run_signals.hpp"
#include "loop/sim_world.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace kettle::inline KETTLE_ABI::detail {

namespace {

// An error that nobody catches ends the program: then, and only then, it is said which task it came
// from.
struct last_words {
  spin_lock lock;  // runs on several threads may end with errors at once
  std::string text;
};
last_words& last_error() {
  static auto* last = new last_words;  // read by the terminate handler: never destroyed
  return *last;
}

std::terminate_handler terminate_as_before = nullptr;

void say_and_terminate() {
  {
    last_words& last = last_error();
    spin_guard held(last.lock);
    if (!last.text.empty())
      std::fprintf(stderr, "kettle: an error left run: %s\n", last.text.c_str());
  }
  terminate_as_before();
}

void remember(const nursery::result& r) {
  if (seam::exploring()) return;  // its handler would go with the exploration
  static const auto before = terminate_as_before = std::set_terminate(say_and_terminate);
  (void)before;
  std::string text = describe(r.errors.front());
  if (!r.first_failed.empty()) text += " (" + r.first_failed + ")";
  last_words& last = last_error();
  spin_guard held(last.lock);
  last.text.swap(text);
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

// Requests under way stay with the back end that has them.
void check_kind(home& h, backend_kind kind) {
  if (kind == backend_kind::automatic) return;
  if (!h.has_backend()) h.use_backend(make_backend(kind, h.in().world()));
  backend_kind there = h.io().kind();
  if (there != kind)
    throw usage_error(std::string("run: the loop around it works with ") + name_of(there) +
                      ", which " + name_of(kind) + " cannot replace");
}

// What is around a run within a nursery goes on in it: on the same loop, with the same clock, back
// end and deadlock check.
void check_joins(home& h, bool virtual_time, backend_kind kind) {
  if (virtual_time && !h.in().world())
    throw usage_error("run: virtual time cannot begin within a run or a nursery of real time");
  check_kind(h, kind);
}

}  // namespace

struct run_guard::state {
  // Calls `what` on the root home.
  template <void (state::*what)() noexcept> struct note : mail {
    explicit note(state& s) noexcept : mail(deliver), self(s) {}
    static void deliver(mail& m) noexcept { (static_cast<note&>(m).self.*what)(); }
    state& self;
  };

  state(home& h, duration grace)
      : at(h), outer(h.in()), deadlock_note(*this), standstill_note(*this), kept_open(h, grace) {}

  void begin(bool virtual_time, backend_kind kind);
  void end() noexcept;

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

  // Somebody is always ready, so virtual time never moves for those who wait for it.
  void standstill() noexcept {
    std::string tree = task_tree(root->scope());
    if (!deadlock_text.empty()) {
      std::fprintf(stderr, "kettle: virtual time stands still under a shield:\n%s", tree.c_str());
      std::abort();
    }
    deadlock_text =
        "virtual time stands still: somebody is always ready, while others wait for the clock\n" +
        tree;
    root->cancel("virtual time stands still");
  }

  home& at;
  domain& outer;
  std::unique_ptr<sim_world> world;
  std::optional<domain> own;  // none: the run is a part of what is around it
  note<&state::deadlock> deadlock_note;
  note<&state::standstill> standstill_note;
  std::unique_ptr<backend> outer_backend;
  std::optional<run_signals> signals;
  grace_watch kept_open;
  nursery* root = nullptr;
  std::string deadlock_text;
  state* left_before = nullptr;
};

// The thread's loop is the run's, with a clock, a back end and a deadlock check of its own.
void run_guard::state::begin(bool virtual_time, backend_kind kind) {
  bool stays = !virtual_time && at.has_requests();  // a fiber of a pool waits for it
  if (stays) check_kind(at, kind);
  std::unique_ptr<backend> wanted;
  if (kind != backend_kind::automatic && !stays) wanted = make_backend(kind, nullptr);
  if (virtual_time) world = std::make_unique<sim_world>();
  own.emplace(world.get(), &at);
  at.enter(*own);  // first: it waits for posters, who may be about to wake the former back end
  if (!stays) {
    outer_backend = at.give_backend();
    at.use_backend(std::move(wanted));  // none: made on first use
  }
  own->work_begins();
  own->on_deadlock(&deadlock_note);
  own->on_standstill(&standstill_note);
}

void run_guard::state::end() noexcept {
  own->on_deadlock(nullptr);
  own->on_standstill(nullptr);
  own->work_ends();
  at.enter(outer);
  // Unless a fiber of a pool, which is no part of the run, waits for what it has asked there.
  if (world || !at.has_requests()) at.use_backend(std::move(outer_backend));
}

run_guard::run_guard(const run_options& o) {
  context& c = this_context();
  home& h = *c.at_;
  if (&c != &h.thread())
    throw usage_error(std::string("run: this is a ") + c.kind_->name +
                      " of a running loop, which would stand still: await or start what you want "
                      "to run");
  bool virtual_time = wants_virtual_time(o);
  backend_kind kind = parse_backend(o.backend);
  if (virtual_time && kind != backend_kind::automatic)
    throw usage_error("run: virtual time has a network of its own, and no back end '" +
                      std::string(o.backend) + "'");
  bool joins = h.is_in_nursery();
  // If it joins, the outer one says what keeps it open.
  bool silent = virtual_time || joins || seam::exploring();
  duration grace = silent ? duration::max() : duration(o.grace);
  auto made = std::make_unique<state>(h, grace);
  if (joins)
    check_joins(h, virtual_time, kind);
  else
    made->begin(virtual_time, kind);
  state_ = made.release();
}

run_guard::~run_guard() {
  // A forked child has left it: all of it is the parent's, and stays where it is.
  if (tls.at != &state_->at) {
    static state* left = nullptr;
    state_->left_before = std::exchange(left, state_);
    return;
  }
  if (state_->own) state_->end();
  delete state_;
}

void run_guard::root(nursery& n) noexcept {
  state_->root = &n;
  state_->signals.emplace(n, state_->at, state_->kept_open.grace());
  state_->kept_open.begin(n, *state_->signals);
}

void run_guard::root_goes() noexcept {
  if (tls.at != &state_->at) return;  // in a forked child
  state_->kept_open.end();
  state_->signals.reset();
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
  s.kept_open.end();
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
