#include <kettle/kettle.hpp>
#include <atomic>
#include <cstdio>
using namespace kettle;
using namespace std::chrono_literals;

void encode(int /*frame*/) { sleep_for(20ms).get(); }  // stands for 20 ms of computing

int convert(int frames, std::atomic<int>& done) {   // an ordinary function, on a thread
  for (int i = 0; i < frames; i++) {
    check_cancelled();                              // Ctrl-C and deadlines unwind from here
    encode(i);
    done = i + 1;
  }
  return frames;
}

task<> report(std::atomic<int>& done, int frames) {  // never ends by itself
  auto ticks = every(1s);
  for (;;) {
    co_await ticks.next();
    std::printf("%3d %%\n", done * 100 / frames);
  }
}

task<int> convert_and_report(int frames) {
  std::atomic<int> done{0};                         // before the nursery: both children refer to it
  co_return co_await with_nursery([&](nursery& n) -> task<int> {
    n.start(as_service, report, std::ref(done), frames);  // does not keep the nursery open
    co_return co_await on_thread(convert, frames, std::ref(done));
  });
}

task<> main_task() {
  std::printf("%d frames\n", co_await convert_and_report(200));
  auto too_long = co_await move_on_after(3s, convert_and_report(100'000));
  std::puts(too_long ? "done" : "gave up; the thread has stopped too");
}

int main() { run(main_task); }
