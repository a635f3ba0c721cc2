// Each call that reads or writes, as a build with _FORTIFY_SOURCE makes it: by its `__*_chk` twin
// where the size is known at run time only. Knows nothing of kettle. Who reads waits while the
// other thread gets ready: if that call stopped the kernel thread, neither would go on.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

int failed = 0;

void expect(bool right, const char* what) {
  std::printf("%-32s %s\n", what, right ? "ok" : "WRONG");
  std::fflush(stdout);
  failed += !right;
}

volatile std::size_t unknown = 1;  // to the compiler
std::size_t sized(std::size_t n) { return n * unknown; }

struct pair_of_ends {
  int ends[2];
  pair_of_ends() {
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) std::exit(2);
  }
  ~pair_of_ends() { close(ends[0]), close(ends[1]); }
};

// wait(fd, buffer) gives how much came.
template <class Wait> void waits(const char* name, Wait wait) {
  pair_of_ends p;
  std::thread other([&] {
    usleep(2'000);
    if (send(p.ends[1], "hello\n", 6, 0) != 6) failed++;
  });
  char buffer[16] = {};
  auto got = wait(p.ends[0], buffer);
  other.join();
  expect(got == 6 && std::memcmp(buffer, "hello\n", 6) == 0, name);
}

// Asked whether something is there, then it is read.
template <class Ready> void becomes_ready(const char* name, Ready ready) {
  waits(name, [&](int fd, char(&buffer)[16]) -> ssize_t {
    pollfd one[2] = {{fd, POLLIN, 0}, {-1, 0, 0}};
    return ready(one) == 1 && one[0].revents == POLLIN ? read(fd, buffer, 16) : -1;
  });
}

void sockets() {
  waits("read", [](int fd, char(&b)[16]) { return read(fd, b, sized(16)); });
  waits("recv", [](int fd, char(&b)[16]) { return recv(fd, b, sized(16), 0); });
  waits("recvfrom",
        [](int fd, char(&b)[16]) { return recvfrom(fd, b, sized(16), 0, nullptr, nullptr); });
  waits("readv", [](int fd, char(&b)[16]) {
    iovec v[2] = {{b, 2}, {b + 2, 14}};
    return readv(fd, v, 2);
  });
  waits("fgets", [](int fd, char(&b)[16]) -> ssize_t {
    std::FILE* f = fdopen(dup(fd), "r");
    bool got = std::fgets(b, int(sized(16)), f) == b;
    std::fclose(f);
    return got ? ssize_t(std::strlen(b)) : -1;
  });
  waits("fread", [](int fd, char(&b)[16]) {
    std::FILE* f = fdopen(dup(fd), "r");
    auto got = ssize_t(std::fread(b, 1, sized(6), f));
    std::fclose(f);
    return got;
  });
  becomes_ready("poll", [](pollfd(&p)[2]) { return poll(p, sized(2), -1); });
  becomes_ready("ppoll", [](pollfd(&p)[2]) { return ppoll(p, sized(2), nullptr, nullptr); });
}

void much_is_written() {
  pair_of_ends p;
  std::string much(1 << 20, 'x'), more(1 << 20, 'y');
  std::size_t came = 0;
  std::thread other([&] {
    static char into[65536];
    for (ssize_t n; (n = read(p.ends[1], into, sizeof into)) > 0;) came += std::size_t(n);
  });
  iovec v[2] = {{much.data(), much.size()}, {more.data(), more.size()}};
  ssize_t gone = writev(p.ends[0], v, 2);
  gone += write(p.ends[0], much.data(), much.size());
  shutdown(p.ends[0], SHUT_WR);
  other.join();
  expect(gone == 3 << 20 && came == 3 << 20, "write and writev");
}

void files() {
  char name[] = "/tmp/fortified-XXXXXX";
  int fd = mkstemp(name);
  unlink(name);
  iovec out[2] = {{const_cast<char*>("abc"), 3}, {const_cast<char*>("def"), 3}};
  expect(pwrite(fd, "0123456789", 10, 5) == 10, "pwrite");
  expect(pwritev(fd, out, 2, 0) == 6, "pwritev");
  char b[16] = {};
  expect(pread(fd, b, sized(16), 0) == 15 && std::string(b) == "abcdef123456789", "pread");
  expect(pread64(fd, b, sized(3), 3) == 3 && std::memcmp(b, "def", 3) == 0, "pread64");
  char left[4] = {}, right[4] = {};
  iovec in[2] = {{left, 3}, {right, 3}};
  expect(preadv(fd, in, 2, 2) == 6 && std::string(left) == "cde" && std::string(right) == "f12",
         "preadv");
  expect(lseek(fd, 0, SEEK_CUR) == 0, "none of them moves");
  close(fd);
}

// More than there is room for ends the process, as it would have.
void too_much() {
  pid_t child = fork();
  if (child == 0) {
    close(STDERR_FILENO);
    char small[4];
    if (read(STDIN_FILENO, small, sized(5)) != 77) _exit(0);
    _exit(small[0]);
  }
  int status = 0;
  waitpid(child, &status, 0);
  expect(WIFSIGNALED(status), "too small a buffer");
}

}  // namespace

int main() {
  sockets();
  much_is_written();
  files();
  too_much();
  return failed ? 1 : 0;
}
