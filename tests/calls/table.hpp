#pragma once
// The calls of the system that the library makes, each with the errors that its manual names and
// that can happen to a program that is right: none for a wrong descriptor, address or argument.

#include <array>
#include <cerrno>
#include <cstddef>
#include <initializer_list>
#include <string_view>

#include <netdb.h>

namespace kettle::tests {

// No error of the system: the call does a part of what it was asked to.
inline constexpr int in_part = 10'000;

struct call_errors {
  std::string_view name;
  std::array<int, 8> told{};      // an exception, or the library does without
  std::array<int, 8> absorbed{};  // nothing that a caller should hear of
  std::array<int, 2> kept{};      // always an exception: something is lost
  std::array<int, 2> lasting{};   // of the others: what it says is so for good
};

inline constexpr call_errors call_table[] = {
    {"accept4", {EMFILE, ENFILE, ENOBUFS, ENOMEM}, {EINTR, ECONNABORTED, EPROTO, EPERM}},
    {"bind", {EADDRINUSE, EADDRNOTAVAIL, EACCES, ENOMEM}},
    {"close", {}, {EINTR}},                    // of all but the next
    {"close_written", {}, {}, {EIO, EDQUOT}},  // a file on a disk that may have been written
    {"connect", {ECONNREFUSED, ETIMEDOUT, ENETUNREACH, EADDRNOTAVAIL, EACCES, EAGAIN}, {EINTR}},
    {"epoll_create1", {EMFILE, ENFILE, ENOMEM}},
    {"epoll_ctl_add", {ENOMEM, ENOSPC}},
    {"epoll_ctl_mod", {ENOMEM}},
    {"epoll_pwait2", {}, {EINTR, ENOSYS, EPERM}},
    {"epoll_wait", {}, {EINTR}},
    {"eventfd", {EMFILE, ENFILE, ENOMEM, ENODEV}},
    {"fcntl_copy", {EMFILE, EINVAL}},  // EINVAL: the limit is below the lowest number asked for
    {"fcntl_seal", {EINVAL, EPERM}},   // an older kernel
    {"flock", {ENOLCK}, {EINTR, EWOULDBLOCK}},
    {"fork", {EAGAIN, ENOMEM}},
    {"fstat", {EIO}},
    {"ftruncate", {EIO, ENOMEM}, {EINTR}},
    {"futex_wait", {}, {EINTR, EAGAIN}},
    {"getaddrinfo", {EAI_AGAIN, EAI_FAIL, EAI_MEMORY, EAI_NONAME, EAI_SYSTEM}},
    {"getpeername", {ENOTCONN, ENOBUFS}},
    {"getsockname", {ENOBUFS}},
    {"io_uring_enter", {}, {EINTR, EAGAIN, EBUSY}},
    {"io_uring_register", {ENOMEM}},
    {"io_uring_setup", {EPERM, ENOMEM, EMFILE, ENFILE, ENOSYS}, {EINVAL}, {}, {EPERM, ENOSYS}},
    {"kill", {EPERM}},
    {"listen", {EADDRINUSE}},
    {"lstat", {EACCES, ENOMEM, ENOENT}},
    {"madvise", {EINVAL, ENOMEM, EAGAIN}},
    {"memfd_create", {EMFILE, ENFILE, ENOMEM}},
    {"mmap", {ENOMEM, EAGAIN, ENFILE}},
    {"mprotect", {ENOMEM}},
    {"mremap", {ENOMEM, EAGAIN}},
    {"open", {EACCES, EMFILE, ENFILE, ENOENT, ENOMEM, EROFS, ENOSPC}, {EINTR}},
    {"openat", {EMFILE, ENFILE, ENOENT, ENOMEM}},
    {"opendir", {EMFILE, ENFILE, ENOMEM, EACCES}},
    {"pidfd_open", {EMFILE, ENFILE, ENOMEM, ENODEV}},
    {"pipe2", {EMFILE, ENFILE}},
    {"poll", {ENOMEM}, {EINTR}},
    {"posix_spawnp", {ENOENT, EACCES, EAGAIN, ENOMEM, E2BIG, ENOEXEC}},
    {"ppoll", {ENOMEM}, {EINTR}},
    {"pread", {EIO}, {EINTR, in_part}},
    {"preadv2", {EIO}, {EINTR, EOPNOTSUPP, in_part}},               // refuses to wait
    {"preadv2_file", {EIO}, {EINTR, EAGAIN, EOPNOTSUPP, in_part}},  // the same: for a disk
    {"preadv2_waiting", {EIO}, {EINTR, in_part}},
    {"pthread_create", {EAGAIN}},
    {"pwrite", {EIO, ENOSPC, EDQUOT, EFBIG}, {EINTR, in_part}},
    {"pwritev2", {EIO, EPIPE}, {EINTR, EOPNOTSUPP, in_part}},
    {"pwritev2_waiting", {EIO, EPIPE, ENOSPC, EDQUOT, EFBIG}, {EINTR, in_part}},
    {"read", {EIO}, {EINTR, in_part}},
    {"readlink", {EACCES, ENOMEM}},
    {"recv_packet", {}, {EINTR, ENOMEM}},
    {"send_packet", {}, {EINTR, ENOBUFS, ENOMEM}},
    {"recv", {ECONNRESET, ETIMEDOUT, ENOMEM}, {EINTR, in_part}},
    {"send", {EPIPE, ECONNRESET, ENOBUFS, ENOMEM}, {EINTR, in_part}},
    {"setsockopt", {ENOPROTOOPT, ENOMEM}},
    {"shutdown", {ENOTCONN}},
    {"sigtimedwait", {}, {EINTR}},
    {"socket", {EMFILE, ENFILE, ENOBUFS, ENOMEM, EACCES, EAFNOSUPPORT}},
    {"socketpair", {EMFILE, ENFILE, ENOMEM}},
    {"stat", {EACCES, ENOMEM, ENOENT}},
    {"timer_create", {EAGAIN, ENOMEM}},
    {"unlink", {EACCES, EBUSY, EROFS}},
    {"waitid", {}, {EINTR}},
};
inline constexpr std::size_t call_count = sizeof call_table / sizeof call_table[0];

// These cannot fail for the library, whatever happens to the machine: their manuals name errors of
// wrong arguments only, or nothing hangs on the answer.
inline constexpr std::string_view calls_without_errors[] = {
    "_exit",
    "access",  // asked only when something else has executed the program
    "clock_gettime",
    "close_range",
    "closedir",
    "dirfd",
    "dup2",  // in a fresh child: its numbers are chosen so
    "epoll_ctl_del",
    "exit_group",
    "fallocate",  // memory that cannot be given back stays
    "fcntl",      // the flags of a descriptor
    "futex_wake",
    "getauxval",
    "getpid",
    "getppid",
    "getrlimit",
    "getsockopt",
    "gettid",
    "ioctl",  // asked only when somebody else has reaped a child
    "lseek",
    "mallopt",
    "mincore",
    "munmap",
    "pause",
    "pidfd_send_signal",  // to a child of ours
    "prctl",
    "pthread_atfork",
    "pthread_attr_destroy",
    "pthread_attr_getstack",
    "pthread_detach",
    "pthread_getattr_np",
    "pthread_join",
    "pthread_kill",
    "pthread_self",
    "pthread_sigmask",
    "raise",
    "readdir",
    "sched_getaffinity",
    "sched_yield",
    "sigaction",
    "signal",
    "sigprocmask",
    "syscall",  // each number is looked for by itself
    "sysconf",
    "timer_delete",
    "timer_settime",
    "uname",
    "wait4",    // in the fork server
    "waitpid",  // of a child that is there
    "write",    // a bell, which has always room; standard error, which has none to complain to
};

}  // namespace kettle::tests
