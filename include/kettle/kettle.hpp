#pragma once
// All of kettle: several things at once, on a loop, in threads and in fibers, with one set of
// words.
//
//   #include <kettle/kettle.hpp>
//   kettle::task<int> breakfast(kettle::nursery& kitchen) {
//     auto coffee = kitchen.start(brew);                          // a coroutine on this loop
//     auto toast = kitchen.start(kettle::on_thread, make, 2);     // any function, somewhere else
//     co_return co_await coffee + co_await toast;
//   }
//   int main() { return kettle::run(breakfast); }

#include <kettle/base/clock.hpp>
#include <kettle/base/error.hpp>
#include <kettle/core/future.hpp>
#include <kettle/core/nursery.hpp>
#include <kettle/core/outcome.hpp>
#include <kettle/core/outside_waker.hpp>
#include <kettle/core/scope.hpp>
#include <kettle/core/sleep.hpp>
#include <kettle/core/tasks.hpp>
#include <kettle/coro/all.hpp>
#include <kettle/coro/every.hpp>
#include <kettle/coro/first_of.hpp>
#include <kettle/coro/forms.hpp>
#include <kettle/coro/map.hpp>
#include <kettle/coro/place_call.hpp>
#include <kettle/coro/pool_call.hpp>
#include <kettle/coro/ready.hpp>
#include <kettle/coro/run.hpp>
#include <kettle/coro/start.hpp>
#include <kettle/coro/task.hpp>
#include <kettle/fibers/fiber_pool.hpp>
#include <kettle/fibers/on_fiber.hpp>
#include <kettle/io/command.hpp>
#include <kettle/io/connect.hpp>
#include <kettle/io/file.hpp>
#include <kettle/io/listener.hpp>
#include <kettle/io/pipe.hpp>
#include <kettle/io/stream.hpp>
#include <kettle/loop/ctrl_c.hpp>
#include <kettle/processes/on_process.hpp>
#include <kettle/processes/process_pool.hpp>
#include <kettle/sync/barrier.hpp>
#include <kettle/sync/channel.hpp>
#include <kettle/sync/condition.hpp>
#include <kettle/sync/event.hpp>
#include <kettle/sync/latch.hpp>
#include <kettle/sync/limiter.hpp>
#include <kettle/sync/mutex.hpp>
#include <kettle/sync/queue.hpp>
#include <kettle/sync/select.hpp>
#include <kettle/sync/semaphore.hpp>
#include <kettle/sync/shared_mutex.hpp>
#include <kettle/threads/on_thread.hpp>
#include <kettle/threads/thread_pool.hpp>
#include <kettle/version.hpp>
