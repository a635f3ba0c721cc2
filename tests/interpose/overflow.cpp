// A thread that recurses without end: it must end the process by SIGSEGV, and be named.

#include <thread>

#include <pthread.h>

namespace {

[[gnu::noinline]] int deeper(volatile char* above) {
  volatile char room[1024];
  room[0] = above[0];
  return room[0] == 'x' ? 0 : deeper(room) + room[0];  // it never is
}

}  // namespace

int main() {
  std::thread([] {
    pthread_setname_np(pthread_self(), "deep");
    volatile char first[1] = {};
    deeper(first);
  }).join();
}
