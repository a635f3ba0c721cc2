// A thread ends, and its home with it, while others are still at their last touch of it.

#include "core/home.hpp"
#include "sys/futex.hpp"

#include "twin.hpp"

#include <memory>
#include <optional>

namespace kettle::twins {
namespace {

using namespace std::chrono_literals;

// Says that it has come.
struct flag : mail {
  flag() noexcept : mail([](mail& m) noexcept { static_cast<flag&>(m).up = true; }) {}
  bool up = false;
};

// What a kernel would be: it outlives the back end that sleeps in it.
struct small_kernel {
  atomic<std::uint32_t> rung{0};
  atomic<bool> completed{false};

  void ring() noexcept {
    rung.fetch_add(1, release);
    sys::futex_wake(rung);
  }
  void complete() noexcept {
    completed.store(true, release);
    ring();
  }
};

// A back end with one request, which the kernel completes some time.
class small_backend final : public backend {
 public:
  small_backend(small_kernel& k, bool& done) noexcept : kernel_(k), done_(done) {}

  backend_kind kind() const noexcept override { return backend_kind::sim; }
  bool try_now(io_request&) noexcept override { return false; }
  void submit(io_request&) noexcept override {}
  void cancel(io_request&) noexcept override {}
  void poll(time_point until) override {
    std::uint32_t before = kernel_.rung.load(acquire);
    if (!kernel_.completed.load(acquire) && !woken_.load(acquire))
      sys::futex_wait(kernel_.rung, before, until);
    woken_.store(false, relaxed);
    done_ = done_ || kernel_.completed.load(acquire);
  }
  void wake() noexcept override {
    woken_.store(true, release);  // ours: it must still be there
    kernel_.ring();
  }
  std::size_t pending() const noexcept override { return !done_; }

  int socket(int, int) noexcept override { return -1; }
  int bind(int, const void*, std::uint32_t) noexcept override { return -1; }
  int listen(int, int) noexcept override { return -1; }
  int local_address(int, void*, std::uint32_t*) noexcept override { return -1; }
  int peer_address(int, void*, std::uint32_t*) noexcept override { return -1; }
  int set_option(int, int, int, int) noexcept override { return -1; }
  int shutdown(int, int) noexcept override { return -1; }
  int close(int) noexcept override { return -1; }

 private:
  small_kernel& kernel_;
  bool& done_;
  atomic<bool> woken_{false};
};

}  // namespace
}  // namespace kettle::twins

TWIN(loop_end, waits_for_who_woke_it) {
  event e;
  testing::thread sleeper("sleeper", [&] { e.wait().get(); });
  e.set();
}

TWIN(loop_end, waits_for_two_who_wrote_to_it) {
  home* to = nullptr;
  event made;
  flag a, b;
  testing::thread owner("owner", [&] {
    to = &home::here();
    made.set();
    to->run_until(a.up);
    to->run_until(b.up);
  });
  made.wait().get();
  testing::thread other("other", [&] { to->post(b); });
  to->post(a);
}

TWIN(loop_end, delivers_what_came_before_it) {
  home* to = nullptr;
  event made;
  atomic<std::uint32_t> posted{0};
  flag a;
  testing::thread owner("owner", [&] {
    to = &home::here();
    made.set();
    while (posted.load(acquire) == 0) sys::futex_wait(posted, 0);  // without a look at its mail
  });
  made.wait().get();
  to->post(a);
  posted.store(1, release);
  sys::futex_wake(posted);
  owner.join();
  testing::check(a.up, "nothing is left lying there");
}

// What lies in the mail then is a note to nobody.
TWIN(loop_end, takes_the_request_to_a_scope_that_has_ended) {
  std::optional<scope_handle> h;
  event made;
  testing::thread owner("owner", [&] {
    cancel_scope s;
    h = s.handle();
    made.set();
  });
  made.wait().get();
  h->cancel();
  h.reset();
}

// The lane's thread gives up waiting for a job at the moment when the next one is handed to it.
TWIN(loop_end, of_a_thread_that_is_idle_too_long_loses_no_job) {
  int ran = 0;
  auto counts = [&] { ran++; };
  on_thread(counts).get();
  sleep_for(10s).get();
  on_thread(counts).get();
  testing::check(ran == 2, "it is run here or there");
}

TWIN(loop_end, of_a_thread_takes_the_note_that_cancels_its_child) {
  testing::thread owner("owner", [] {
    cancel_scope s(clock::now() + 1ms);
    auto sleeps = [] { sleep_for(1ms).get(); };
    in_scope(s, on_thread(sleeps)).get();
  });
}

TWIN(loop_end, with_a_back_end_is_woken_there_by_mail) {
  small_kernel kernel;
  bool done = false;
  home* to = nullptr;
  event made;
  flag a;
  testing::thread owner("owner", [&] {
    to = &home::here();
    to->use_backend(std::make_unique<small_backend>(kernel, done));
    made.set();
    to->run_until(a.up);
    kernel.completed.store(true, relaxed);  // nothing is pending at its end
    to->run_until(done);
  });
  made.wait().get();
  to->post(a);
}

// The request has completed, so the loop goes on though whoever wrote to it has not yet woken it.
TWIN(loop_end, keeps_its_back_end_until_nobody_wakes_it) {
  small_kernel kernel;
  bool done = false;
  home* to = nullptr;
  event made;
  flag a;
  testing::thread owner("owner", [&] {
    to = &home::here();
    to->use_backend(std::make_unique<small_backend>(kernel, done));
    made.set();
    to->run_until(done);
    to->run_until(a.up);
    sleep_for(1ms).get();  // an ordinary sleep: from here on nobody is to wake the back end
  });
  made.wait().get();
  testing::thread hardware("hardware", [&] { kernel.complete(); });
  to->post(a);
}

// run() puts the thread's back end aside.
TWIN(loop_end, of_a_turn_may_be_the_beginning_of_a_run) {
  small_kernel kernel;
  bool done = false;
  home* to = nullptr;
  event made;
  flag a;
  testing::thread owner("owner", [&] {
    to = &home::here();
    to->use_backend(std::make_unique<small_backend>(kernel, done));
    made.set();
    to->run_until(done);
    to->run_until(a.up);
    run([] {});
    testing::check(to->has_backend(), "it is back");
  });
  made.wait().get();
  testing::thread hardware("hardware", [&] { kernel.complete(); });
  to->post(a);
}

// A home that woke by itself is counted as busy once: or no deadlock would be seen any more.
TWIN(loop_end, is_a_deadlock_after_a_sleep_too) {
  event never_set;
  bool told = false;
  try {
    run([&]() -> task<> {
      co_await sleep_for(1ms);
      co_await never_set.wait();
    });
  } catch (const deadlock_error&) {
    told = true;
  }
  testing::check(told, "nobody can set it");
}
