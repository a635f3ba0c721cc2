// A stranger's program whose fibers wait in libc: without the green library it never ends.
#include <kettle/kettle.hpp>

#include <cstdio>

#include <unistd.h>

int main() {
  int ends[2];
  if (pipe(ends) != 0) return 1;
  kettle::run([&](kettle::nursery& n) {
    n.start(kettle::on_fiber, [&] {
      char c = '?';
      if (read(ends[0], &c, 1) == 1) std::printf("a fiber has read %c\n", c);
    });
    n.start(kettle::on_fiber, [&] {
      if (write(ends[1], "x", 1) != 1) std::printf("nothing written\n");
    });
  });
}
