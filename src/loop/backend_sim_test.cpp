// What only the simulated back end does; the contract itself is held in backend_contract_test.cpp.

#include "loop/backend_rig.hpp"

#include <thread>

namespace kettle {
namespace {
using namespace std::chrono_literals;

TEST(sim_backend, sleeps_until_another_thread_moves_the_clock_past_its_time) {
  sim_world world;
  auto io = make_sim_backend(world);
  std::thread clock([&] {
    std::this_thread::sleep_for(2ms);
    world.advance_to(time_point(1h));
  });
  while (world.now() < time_point(30min)) io->poll(time_point(30min));
  clock.join();
  EXPECT_EQ(world.now(), time_point(1h));
}

TEST(sim_backend, a_poll_up_to_now_does_not_sleep) {
  sim_world world;
  auto io = make_sim_backend(world);
  io->poll(world.now());
  io->poll(always);
}

TEST(sim_backend, another_home_may_close_what_this_one_waits_for) {
  backend_rig rig(backend_kind::sim);
  auto other = make_sim_backend(rig.world());
  auto [a, b] = rig.pair();
  char c;
  waited_for r(backend_rig::recv_request(b, &c, 1));
  rig.io().submit(r);
  EXPECT_EQ(other->close(b), 0);
  EXPECT_EQ(r.finished, 0);  // reported by its own home only
  rig.until_finished(r);
  EXPECT_EQ(r.result, -ECANCELED);
  rig.io().close(a);
}

}  // namespace
}  // namespace kettle
