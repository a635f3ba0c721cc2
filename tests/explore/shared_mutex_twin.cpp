#include "twin.hpp"

#include <algorithm>
#include <optional>
#include <vector>

TWIN(shared_mutex, a_writer_is_alone) {
  shared_mutex m;
  testing::var<int> n = 0;
  testing::thread writer("writer", [&] {
    auto w = m.lock().get();
    n = n + 1;
  });
  testing::thread reader("reader", [&] {
    auto r = m.lock_shared().get();
    testing::check(n >= 0, "read while nobody writes");
  });
  {
    auto w = m.lock().get();
    n = n + 1;
  }
  writer.join();
  testing::check(n == 2, "no update is lost");
}

TWIN(shared_mutex, readers_are_there_together) {
  shared_mutex m;
  event first_reads;
  testing::thread reader("reader", [&] {
    auto r = m.lock_shared().get();
    first_reads.wait().get();  // for ever, if it had kept the other one out
  });
  auto r = m.lock_shared().get();
  first_reads.set();
}

TWIN(shared_mutex, readers_are_let_in_together_and_see_what_was_written) {
  shared_mutex m;
  testing::var<int> n = 0;
  latch both_read(2);
  auto w = m.lock().get();
  auto read = [&]() -> task<> {
    auto r = co_await m.lock_shared();
    testing::check(n == 1, "what was written is visible");
    both_read.count_down();
    co_await both_read.wait();
  };
  testing::thread readers("readers", [&] { all(read(), read()).get(); });
  n = 1;
  w.release();
}

// A reader holds it when all of them come, or has left: they get it as they came.
TWIN(shared_mutex, no_reader_overtakes_a_writer_that_waits) {
  shared_mutex m;
  event read;
  std::vector<int> order;
  testing::thread reader("reader", [&] {
    auto r = m.lock_shared().get();
    read.set();
  });
  read.wait().get();
  auto write = [&]() -> task<> {
    auto w = co_await m.lock();
    order.push_back(0);
    co_await yield();
    order.push_back(1);
  };
  auto later = [&]() -> task<> {
    auto r = co_await m.lock_shared();
    order.push_back(2);
  };
  all(write(), later()).get();
  testing::check(order == std::vector<int>{0, 1, 2}, "the writer comes first, and alone");
}

TWIN(shared_mutex, a_cancelled_writer_lets_in_the_reader_behind_it) {
  shared_mutex m;
  cancel_scope s;
  scope_handle h = s.handle();
  testing::thread canceller("canceller", [&] { h.cancel(); });
  auto first = m.lock_shared().get();
  bool read = false;
  auto write = [&]() -> task<> { auto w = co_await m.lock(); };
  auto behind = [&]() -> task<> {
    auto r = co_await m.lock_shared();
    read = true;
  };
  all(in_scope(s, write()), behind()).get();  // the first reader stays
  testing::check(read, "the reader behind it has come in");
}

TWIN(shared_mutex, a_cancelled_lock_is_held_by_nobody) {
  shared_mutex m;
  testing::var<int> n = 0;
  testing::thread reader("reader", [&] {
    auto r = m.lock_shared().get();
    testing::check(n == 0 || n == 1, "read while nobody writes");
  });
  auto write = [&]() -> task<> {
    auto w = co_await m.lock();
    n = 1;
  };
  move_on_after(std::chrono::milliseconds(1), write()).get();
  reader.join();
  testing::check(bool(m.try_lock()), "nobody holds it any more");
}

// Two readers hold it, and one of them leaves before the other.
TWIN(shared_mutex, a_writer_waits_for_the_last_reader_and_keeps_its_place) {
  shared_mutex m;
  event reads;
  bool written = false;
  testing::thread reader("reader", [&] {
    auto r = m.lock_shared().get();
    reads.set();
  });
  reads.wait().get();
  auto here = m.lock_shared().get();
  auto write = [&]() -> task<> {
    auto w = co_await m.lock();
    written = true;
  };
  auto behind = [&]() -> task<> {
    auto r = co_await m.lock_shared();
    testing::check(written, "no reader overtakes a writer that waits");
  };
  auto leave = [&]() -> task<> {
    co_await yield();
    testing::check(!written, "no writer comes in beside a reader");
    here.release();
  };
  all(write(), behind(), leave()).get();
}

// What it was granted while it was being cancelled goes to who is behind it.
TWIN(shared_mutex, a_cancelled_waiter_lets_the_next_one_have_it) {
  shared_mutex m;
  cancel_scope s;
  scope_handle h = s.handle();
  event locked;
  testing::thread holder("holder", [&] {
    auto w = m.lock().get();
    locked.set();
    w.release();
    h.cancel();
  });
  locked.wait().get();
  bool shared = testing::choose(2) == 1;
  auto first = [&]() -> task<> {
    if (shared)
      (void)co_await m.lock_shared();
    else
      (void)co_await m.lock();
  };
  auto write = [&]() -> task<> { auto w = co_await m.lock(); };
  all(in_scope(s, first()), write()).get();
  testing::check(bool(m.try_lock()), "nobody holds it any more");
}

TWIN(shared_mutex, may_be_destroyed_by_the_last_who_had_it) {
  std::optional<shared_mutex> m(std::in_place);
  shared_mutex& same = *m;
  event locked;
  testing::thread reader("reader", [&] {
    auto r = same.lock_shared().get();
    locked.set();
  });
  locked.wait().get();
  m->lock().get().release();
  m.reset();  // while the reader is on its way out, perhaps
}
