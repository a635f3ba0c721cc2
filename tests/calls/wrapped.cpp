// Stands between the library and libc: the linker leads each call of X in this program to __wrap_X
// (see CMakeLists.txt, which finds them here).

#include "fault.hpp"

#include <cstdarg>
#include <cstdint>

#include <dirent.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace kettle::tests {
namespace {

constexpr int light_guard = 102;  // MADV_GUARD_INSTALL: Debian 12's headers are older than it

struct name_of_call {
  template <std::size_t N> consteval name_of_call(const char (&t)[N]) {
    for (std::size_t i = 0; i < N; i++) text[i] = t[i];
  }
  char text[24] = {};
};

template <name_of_call Name> consteval std::size_t number_of() {
  static_assert(index_of(Name.text) != no_call, "this call is not in the table");
  return index_of(Name.text);
}

template <class R> R failed(int error) noexcept {
  errno = error;
  if constexpr (std::is_same_v<R, DIR*>)
    return nullptr;
  else
    return R(-1);  // MAP_FAILED is one too
}

template <name_of_call Name, class Real> auto call(Real real) noexcept {
  int error = meet(number_of<Name>());
  return error ? failed<decltype(real())>(error) : real();
}

// What counts has been done when the error comes.
template <name_of_call Name, class Real> auto call_and_fail(Real real) noexcept {
  int error = meet(number_of<Name>());
  auto done = real();
  return error ? failed<decltype(real())>(error) : done;
}

// The error is the result.
template <name_of_call Name, class Real> int call_for_error(Real real) noexcept {
  int error = meet(number_of<Name>());
  return error ? error : real();
}

template <name_of_call Name, class Real> ssize_t transfer(std::size_t size, Real real) noexcept {
  int error = meet(number_of<Name>());
  if (error == in_part) return real(size > 1 ? size / 2 : size);
  return error ? failed<ssize_t>(error) : real(size);
}

template <class Real> ssize_t of_parts(const iovec* parts, std::size_t size, Real real) noexcept {
  iovec one = parts[0];
  one.iov_len = size;
  return real(&one);
}

}  // namespace
}  // namespace kettle::tests

using namespace kettle::tests;  // NOLINT

extern "C" {

int __real_accept4(int, sockaddr*, socklen_t*, int);
int __wrap_accept4(int fd, sockaddr* a, socklen_t* size, int flags) {
  return call<"accept4">([&] { return __real_accept4(fd, a, size, flags); });
}
int __real_bind(int, const sockaddr*, socklen_t);
int __wrap_bind(int fd, const sockaddr* a, socklen_t size) {
  return call<"bind">([&] { return __real_bind(fd, a, size); });
}
int __real_fstat(int, struct stat*);
int __real_fcntl(int, int, ...);
int __real_close(int);
int __wrap_close(int fd) {
  struct stat s;
  if (__real_fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && s.st_nlink > 0 && s.st_size > 0 &&
      (__real_fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY)
    return call_and_fail<"close_written">([&] { return __real_close(fd); });
  return call_and_fail<"close">([&] { return __real_close(fd); });
}
int __real_connect(int, const sockaddr*, socklen_t);
int __wrap_connect(int fd, const sockaddr* a, socklen_t size) {
  int error = meet(index_of("connect"));
  // It goes on by itself.
  if (error == 0 || error == EINTR) {
    int r = __real_connect(fd, a, size);
    if (error == 0) return r;
  }
  return failed<int>(error);
}
int __real_epoll_create1(int);
int __wrap_epoll_create1(int flags) {
  return call<"epoll_create1">([&] { return __real_epoll_create1(flags); });
}
int __real_epoll_ctl(int, int, int, epoll_event*);
int __wrap_epoll_ctl(int set, int op, int fd, epoll_event* e) {
  auto real = [&] { return __real_epoll_ctl(set, op, fd, e); };
  if (op == EPOLL_CTL_ADD) return call<"epoll_ctl_add">(real);
  if (op == EPOLL_CTL_MOD) return call<"epoll_ctl_mod">(real);
  return real();
}
int __real_epoll_wait(int, epoll_event*, int, int);
int __wrap_epoll_wait(int set, epoll_event* e, int room, int ms) {
  return call<"epoll_wait">([&] { return __real_epoll_wait(set, e, room, ms); });
}
int __real_eventfd(unsigned, int);
int __wrap_eventfd(unsigned count, int flags) {
  return call<"eventfd">([&] { return __real_eventfd(count, flags); });
}
int __wrap_fcntl(int fd, int op, ...) {
  va_list list;
  va_start(list, op);
  long argument = va_arg(list, long);
  va_end(list);
  auto real = [&] { return __real_fcntl(fd, op, argument); };
  if (op == F_DUPFD_CLOEXEC) return call<"fcntl_copy">(real);
  if (op == F_ADD_SEALS) return call<"fcntl_seal">(real);
  return real();
}
int __real_flock(int, int);
int __wrap_flock(int fd, int op) {
  return call<"flock">([&] { return __real_flock(fd, op); });
}
pid_t __real_fork();
pid_t __wrap_fork() { return call<"fork">(__real_fork); }
int __wrap_fstat(int fd, struct stat* s) {
  return call<"fstat">([&] { return __real_fstat(fd, s); });
}
int __real_ftruncate(int, off_t);
int __wrap_ftruncate(int fd, off_t size) {
  return call<"ftruncate">([&] { return __real_ftruncate(fd, size); });
}
// Asks nobody: every name is this machine's.
int __real_getaddrinfo(const char*, const char*, const addrinfo*, addrinfo**);
int __wrap_getaddrinfo(const char*, const char* port, const addrinfo* hints, addrinfo** found) {
  int error = meet(index_of("getaddrinfo"));
  errno = error == EAI_SYSTEM ? EMFILE : 0;
  return error ? error : __real_getaddrinfo("127.0.0.1", port, hints, found);
}
int __real_getpeername(int, sockaddr*, socklen_t*);
int __wrap_getpeername(int fd, sockaddr* a, socklen_t* size) {
  int type;
  socklen_t bytes = sizeof type;
  auto real = [&] { return __real_getpeername(fd, a, size); };
  if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &bytes) < 0) return real();  // it is no socket
  return call<"getpeername">(real);
}
int __real_getsockname(int, sockaddr*, socklen_t*);
int __wrap_getsockname(int fd, sockaddr* a, socklen_t* size) {
  return call<"getsockname">([&] { return __real_getsockname(fd, a, size); });
}
int __real_kill(pid_t, int);
int __wrap_kill(pid_t pid, int signal) {
  return call<"kill">([&] { return __real_kill(pid, signal); });
}
int __real_listen(int, int);
int __wrap_listen(int fd, int backlog) {
  return call<"listen">([&] { return __real_listen(fd, backlog); });
}
int __real_lstat(const char*, struct stat*);
int __wrap_lstat(const char* path, struct stat* s) {
  return call<"lstat">([&] { return __real_lstat(path, s); });
}
int __real_madvise(void*, std::size_t, int);
int __wrap_madvise(void* at, std::size_t size, int advice) {
  if (advice == light_guard && has_no_light_guards()) return failed<int>(EINVAL);
  return call<"madvise">([&] { return __real_madvise(at, size, advice); });
}
int __real_memfd_create(const char*, unsigned);
int __wrap_memfd_create(const char* name, unsigned flags) {
  return call<"memfd_create">([&] { return __real_memfd_create(name, flags); });
}
void* __real_mmap(void*, std::size_t, int, int, int, off_t);
void* __wrap_mmap(void* at, std::size_t size, int protection, int flags, int fd, off_t offset) {
  return call<"mmap">([&] { return __real_mmap(at, size, protection, flags, fd, offset); });
}
int __real_mprotect(void*, std::size_t, int);
int __wrap_mprotect(void* at, std::size_t size, int protection) {
  return call<"mprotect">([&] { return __real_mprotect(at, size, protection); });
}
void* __real_mremap(void*, std::size_t, std::size_t, int, ...);
void* __wrap_mremap(void* at, std::size_t from, std::size_t to, int flags, ...) {
  return call<"mremap">([&] { return __real_mremap(at, from, to, flags); });
}
int __real_open(const char*, int, ...);
int __wrap_open(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  auto mode = va_arg(list, mode_t);
  va_end(list);
  return call<"open">([&] { return __real_open(path, flags, mode); });
}
int __real_openat(int, const char*, int, ...);
int __wrap_openat(int folder, const char* path, int flags, ...) {
  return call<"openat">([&] { return __real_openat(folder, path, flags); });
}
DIR* __real_opendir(const char*);
DIR* __wrap_opendir(const char* path) {
  return call<"opendir">([&] { return __real_opendir(path); });
}
int __real_pipe2(int*, int);
int __wrap_pipe2(int* ends, int flags) {
  return call<"pipe2">([&] { return __real_pipe2(ends, flags); });
}
int __real_poll(pollfd*, nfds_t, int);
int __wrap_poll(pollfd* all, nfds_t count, int ms) {
  return call<"poll">([&] { return __real_poll(all, count, ms); });
}
int __real_posix_spawnp(pid_t*, const char*, const posix_spawn_file_actions_t*,
                        const posix_spawnattr_t*, char* const*, char* const*);
int __wrap_posix_spawnp(pid_t* pid, const char* file, const posix_spawn_file_actions_t* actions,
                        const posix_spawnattr_t* how, char* const* argv, char* const* environment) {
  return call_for_error<"posix_spawnp">(
      [&] { return __real_posix_spawnp(pid, file, actions, how, argv, environment); });
}
int __real_ppoll(pollfd*, nfds_t, const timespec*, const sigset_t*);
int __wrap_ppoll(pollfd* all, nfds_t count, const timespec* time, const sigset_t* mask) {
  return call<"ppoll">([&] { return __real_ppoll(all, count, time, mask); });
}
ssize_t __real_pread(int, void*, std::size_t, off_t);
ssize_t __wrap_pread(int fd, void* to, std::size_t size, off_t at) {
  return transfer<"pread">(size, [&](std::size_t n) { return __real_pread(fd, to, n, at); });
}
ssize_t __real_preadv2(int, const iovec*, int, off_t, int);
ssize_t __wrap_preadv2(int fd, const iovec* parts, int, off_t at, int flags) {
  auto real = [&](std::size_t n) {
    return of_parts(parts, n, [&](const iovec* p) { return __real_preadv2(fd, p, 1, at, flags); });
  };
  struct stat s;
  if (!(flags & RWF_NOWAIT)) return transfer<"preadv2_waiting">(parts->iov_len, real);
  if (__real_fstat(fd, &s) == 0 && S_ISREG(s.st_mode))
    return transfer<"preadv2_file">(parts->iov_len, real);
  return transfer<"preadv2">(parts->iov_len, real);
}
int __real_pthread_create(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
int __wrap_pthread_create(pthread_t* t, const pthread_attr_t* how, void* (*body)(void*), void* p) {
  return call_for_error<"pthread_create">([&] { return __real_pthread_create(t, how, body, p); });
}
ssize_t __real_pwrite(int, const void*, std::size_t, off_t);
ssize_t __wrap_pwrite(int fd, const void* from, std::size_t size, off_t at) {
  return transfer<"pwrite">(size, [&](std::size_t n) { return __real_pwrite(fd, from, n, at); });
}
ssize_t __real_pwritev2(int, const iovec*, int, off_t, int);
ssize_t __wrap_pwritev2(int fd, const iovec* parts, int, off_t at, int flags) {
  auto real = [&](std::size_t n) {
    return of_parts(parts, n, [&](const iovec* p) { return __real_pwritev2(fd, p, 1, at, flags); });
  };
  if (!(flags & RWF_NOWAIT)) return transfer<"pwritev2_waiting">(parts->iov_len, real);
  return transfer<"pwritev2">(parts->iov_len, real);
}
ssize_t __real_read(int, void*, std::size_t);
ssize_t __wrap_read(int fd, void* to, std::size_t size) {
  if (size == sizeof(std::uint64_t)) return __real_read(fd, to, size);  // a bell: nothing can fail
  return transfer<"read">(size, [&](std::size_t n) { return __real_read(fd, to, n); });
}
ssize_t __real_readlink(const char*, char*, std::size_t);
ssize_t __wrap_readlink(const char* path, char* to, std::size_t room) {
  return call<"readlink">([&] { return __real_readlink(path, to, room); });
}
ssize_t __real_recv(int, void*, std::size_t, int);
ssize_t __wrap_recv(int fd, void* to, std::size_t size, int flags) {
  if (flags & MSG_TRUNC)
    return call<"recv_packet">([&] { return __real_recv(fd, to, size, flags); });
  return transfer<"recv">(size, [&](std::size_t n) { return __real_recv(fd, to, n, flags); });
}
ssize_t __real_send(int, const void*, std::size_t, int);
ssize_t __wrap_send(int fd, const void* from, std::size_t size, int flags) {
  if (!(flags & MSG_DONTWAIT))
    return call<"send_packet">([&] { return __real_send(fd, from, size, flags); });
  return transfer<"send">(size, [&](std::size_t n) { return __real_send(fd, from, n, flags); });
}
int __real_setsockopt(int, int, int, const void*, socklen_t);
int __wrap_setsockopt(int fd, int level, int name, const void* value, socklen_t size) {
  return call<"setsockopt">([&] { return __real_setsockopt(fd, level, name, value, size); });
}
int __real_shutdown(int, int);
int __wrap_shutdown(int fd, int how) {
  return call_and_fail<"shutdown">([&] { return __real_shutdown(fd, how); });
}
int __real_sigtimedwait(const sigset_t*, siginfo_t*, const timespec*);
int __wrap_sigtimedwait(const sigset_t* set, siginfo_t* info, const timespec* time) {
  return call<"sigtimedwait">([&] { return __real_sigtimedwait(set, info, time); });
}
int __real_socket(int, int, int);
int __wrap_socket(int domain, int type, int protocol) {
  return call<"socket">([&] { return __real_socket(domain, type, protocol); });
}
int __real_socketpair(int, int, int, int*);
int __wrap_socketpair(int domain, int type, int protocol, int* ends) {
  return call<"socketpair">([&] { return __real_socketpair(domain, type, protocol, ends); });
}
int __real_stat(const char*, struct stat*);
int __wrap_stat(const char* path, struct stat* s) {
  return call<"stat">([&] { return __real_stat(path, s); });
}
int __real_timer_create(clockid_t, sigevent*, timer_t*);
int __wrap_timer_create(clockid_t clock, sigevent* how, timer_t* made) {
  return call<"timer_create">([&] { return __real_timer_create(clock, how, made); });
}
int __real_unlink(const char*);
int __wrap_unlink(const char* path) {
  return call<"unlink">([&] { return __real_unlink(path); });
}
int __real_waitid(idtype_t, id_t, siginfo_t*, int);
int __wrap_waitid(idtype_t kind, id_t which, siginfo_t* info, int how) {
  return call<"waitid">([&] { return __real_waitid(kind, which, info, how); });
}

long __real_syscall(long, ...);
// Takes six arguments, however many there are: as libc's own does.
__attribute__((no_sanitize("address"))) long __wrap_syscall(long number, ...) {
  va_list list;
  va_start(list, number);
  long a[6];
  for (long& argument : a) argument = va_arg(list, long);
  va_end(list);
  auto real = [&] { return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]); };
  switch (number) {
    case SYS_epoll_pwait2: return call<"epoll_pwait2">(real);
    case SYS_futex:
      return (a[1] & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET ? call<"futex_wait">(real) : real();
    case SYS_io_uring_enter: return call<"io_uring_enter">(real);
    case SYS_io_uring_register: return call<"io_uring_register">(real);
    case SYS_io_uring_setup: return call<"io_uring_setup">(real);
    case SYS_pidfd_open: return call<"pidfd_open">(real);
    default: return real();
  }
}
}
