// A stranger's test of concurrent code, with the explored build of the library.
#include <kettle/testing.hpp>

#include <cstdio>

int main() {
  auto found = kettle::testing::explore({}, [] {
    kettle::atomic<int> n{0};
    auto add = [&] { n.store(n.load(kettle::relaxed) + 1, kettle::relaxed); };
    kettle::testing::thread other(add);
    add();
    other.join();
    kettle::testing::check(n.load(kettle::relaxed) == 2, "no update is lost");
  });
  std::printf("%s: %s\n", found.kind.c_str(),
              found.message.substr(0, found.message.find(',')).c_str());
}
