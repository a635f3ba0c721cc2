#include "twin.hpp"

#include "threads/parking.hpp"

namespace kettle::twins {

namespace {

void rest(parking& lot, std::uint32_t spins);  // after a spin that found nothing: so long the next

// Whoever has spun in vain spins less the next time, and after some times hardly: twins would have
// to wait in vain a hundred times to come to that, so they set it, through its private members,
// which an instantiation may name. With 0 the next 31 waits spin not at all.
template <auto Spins, auto Waits> struct opened {
  friend void rest(parking& lot, std::uint32_t spins) {
    (lot.*Spins).store(spins, relaxed);
    (lot.*Waits).store(1, relaxed);
  }
};

// The lot, jobs in the smallest of queues (a bit each), and workers as in the lot's banner.
struct yard {
  explicit yard(std::uint32_t spins = 0) { rest(lot, spins); }
  parking lot;
  atomic<unsigned> queued{0};
  atomic<int> run{0};
  testing::var<int> written[2];

  void put(int job) {
    written[job] = 1;
    queued.fetch_or(1u << job, release);
  }
  bool take() {
    unsigned jobs = queued.load(relaxed);
    while (jobs)
      if (queued.compare_exchange_weak(jobs, jobs & (jobs - 1), acquire, relaxed)) {
        testing::check(written[__builtin_ctz(jobs)] == 1, "the job is seen as it was put in");
        return true;
      }
    return false;
  }
  bool any_work() const { return queued.load(acquire) != 0; }
  void wait() {
    bool alone = lot.wait([this] { return any_work(); });
    if (alone && any_work()) lot.announce();
  }
  // Until it has run so many.
  void work(int jobs) {
    while (jobs > 0) {
      if (take()) {
        run.fetch_add(1, relaxed);
        jobs--;
      } else {
        wait();
      }
    }
  }
  // Until stop().
  void work_on(atomic<bool>& stopping) {
    while (!stopping.load(acquire)) {
      if (take())
        run.fetch_add(1, relaxed);
      else
        wait();
    }
  }
};

}  // namespace

}  // namespace kettle::twins

template struct kettle::twins::opened<&kettle::parking::spins_, &kettle::parking::waits_>;

TWIN(parking, an_announced_job_finds_a_worker) {
  yard y;
  testing::thread worker("worker", [&] { y.work(1); });
  y.put(0);
  y.lot.announce();
  worker.join();
  testing::check(y.run.load(relaxed) == 1, "it was run");
  testing::check(y.lot.sleepers() == 0, "nobody is left asleep");
}

TWIN(parking, an_announced_job_finds_a_worker_that_spins) {
  yard y(8);
  testing::thread worker("worker", [&] { y.work(1); });
  y.put(0);
  y.lot.announce();
  worker.join();
  testing::check(y.lot.sleepers() == 0, "nobody is left asleep");
}

TWIN(parking, two_jobs_of_two_producers_find_a_worker) {
  yard y;
  testing::thread producer("producer", [&] {
    y.put(0);
    y.lot.announce();
  });
  testing::thread worker("worker", [&] { y.work(2); });
  y.put(1);
  y.lot.announce();
  producer.join();
  worker.join();
}

// Each job waits for the other one: that both workers get one is not enough, they must get them at
// the same time.
TWIN(parking, two_announced_jobs_set_two_workers_to_work) {
  yard y;
  atomic<std::uint32_t> arrived{0};
  auto worker = [&] {
    while (!y.take()) y.wait();
    if (arrived.fetch_add(1, acq_rel) + 1 == 2) sys::futex_wake(arrived);
    for (std::uint32_t n; (n = arrived.load(acquire)) < 2;) sys::futex_wait(arrived, n);
  };
  testing::thread one("one worker", worker);
  testing::thread other("other worker", worker);
  y.put(0);
  y.lot.announce();
  y.put(1);
  y.lot.announce();
  one.join();
  other.join();
}

// Both put in before anybody hears of it: the one who comes announces the rest.
TWIN(parking, who_comes_alone_announces_the_rest) {
  yard y;
  atomic<std::uint32_t> arrived{0};
  auto worker = [&] {
    while (!y.take()) y.wait();
    if (arrived.fetch_add(1, acq_rel) + 1 == 2) sys::futex_wake(arrived);
    for (std::uint32_t n; (n = arrived.load(acquire)) < 2;) sys::futex_wait(arrived, n);
  };
  testing::thread one("one worker", worker);
  testing::thread other("other worker", worker);
  y.put(0);
  y.put(1);
  y.lot.announce();
  one.join();
  other.join();
}

TWIN(parking, an_announcement_that_nobody_heard_is_for_new_workers) {
  yard y;
  bool heard = false, has_found = false;
  testing::thread worker("worker", [&] {
    has_found = y.take();
    if (!has_found) y.wait(), has_found = y.take();
  });
  y.put(0);
  heard = y.lot.announce();
  worker.join();
  // Not heard, it was at work, or not there yet: it looks before it sleeps.
  testing::check(has_found, "it finds the job either way");
  testing::check(y.lot.wakes() <= 1 && (heard || y.lot.wakes() == 0), "woken is heard");
}

TWIN(parking, stop_wakes_all) {
  yard y;
  auto worker = [&] { y.lot.wait([] { return false; }); };
  testing::thread one("one worker", worker);
  testing::thread other("other worker", worker);
  y.lot.stop();
  one.join();
  other.join();
  testing::check(y.lot.sleepers() == 0, "nobody is left asleep");
  y.lot.wait([] { return false; });  // nor ever sleeps again
}

TWIN(parking, stop_loses_no_job_that_was_there_before) {
  yard y;
  atomic<bool> stopping{false};
  testing::thread worker("worker", [&] {
    y.work_on(stopping);
    while (y.take()) y.run.fetch_add(1, relaxed);
  });
  y.put(0);
  y.lot.announce();
  stopping.store(true, release);
  y.lot.stop();
  worker.join();
  testing::check(y.run.load(relaxed) == 1, "it was run");
}

// One sleeper, two who announce: one wake-up, and the other one finds nobody asleep.
TWIN(parking, one_sleeper_is_woken_once) {
  yard y;
  testing::thread worker("worker", [&] { y.wait(); });
  testing::thread other("other producer", [&] {
    y.put(1);
    y.lot.announce();
  });
  y.put(0);
  y.lot.announce();
  worker.join();
  other.join();
  testing::check(y.lot.wakes() <= 1, "one who sleeps is woken once");
  testing::check(y.lot.sleepers() == 0, "nobody is left asleep");
}
