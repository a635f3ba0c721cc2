"""System calls live in src/sys/ only."""

import re

# Words that mean nothing but the system call, flagged however they are spelled.
PLAIN = """
accept4 clock_gettime clock_nanosleep clone3 dup2 dup3 epoll_create1 epoll_ctl epoll_pwait2 epoll_wait eventfd execve
execvp execvpe fcntl fdatasync fork fstat fsync ftruncate futex getrandom getrlimit getsockname getsockopt gettid
gettimeofday inotify_init1 io_uring_enter io_uring_register io_uring_setup ioctl lseek madvise memfd_create mmap
mprotect mremap munmap nanosleep openat pidfd_open pidfd_send_signal pipe2 posix_spawn posix_spawnp prctl
pthread_kill pthread_sigmask readv recvfrom recvmsg sched_getaffinity sched_setaffinity sched_yield sendfile sendmsg
sendto setrlimit setsockopt sigaction signalfd sigprocmask sigtimedwait socketpair splice syscall sysconf
timerfd_create timerfd_settime tgkill usleep vfork waitid waitpid writev
""".split()
# Words that are also fine names for our own functions, flagged as ::name( only.
QUALIFIED = """
accept access bind close connect dup getpid kill listen open pipe poll pread pwrite read recv send shutdown sleep
socket stat unlink wait write
""".split()
CALL = re.compile(
    rf"(?<![\w.>:])(?:::\s*)?(?:{'|'.join(PLAIN)})\s*\(|(?<![\w>])::\s*(?:{'|'.join(QUALIFIED)})\s*\("
)


def check(tree):
    for path in tree.files("include", "src", tests=False):
        if not path.startswith(("src/sys/", "include/kettle/sys/")):
            yield from tree.find(path, CALL, "{0}...): system calls live in src/sys/")
