"""System calls outside src/sys/."""

import unittest

from planted import RuleTest


class Syscalls(RuleTest):
    rule = "syscalls"

    def test_calls_are_caught_in_every_other_room(self):
        for call in ("::read(fd, p, n);", "mmap(0, n);", "::mmap (0, n);", "x = syscall(1);", "return ::close(fd);"):
            self.catches("src/io/a.cpp:2", "src/sys/", {"src/io/a.cpp": f"\n{call}\n"})
        self.catches("include/kettle/io/a.hpp:1", "epoll_wait", {"include/kettle/io/a.hpp": "epoll_wait(e);"})

    def test_our_own_functions_of_the_same_name_pass(self):
        self.allows({"src/io/a.cpp": "s.read(b); p->mmap(x); sys::read(fd); read(b); my_mmap(x); // ::read(x)\n"
                                     'const char* t = "::read(x)";'})

    def test_sys_and_tests_may(self):
        self.allows({"src/sys/a.cpp": "::read(fd, p, n);", "src/io/a_test.cpp": "::read(fd, p, n);"})


if __name__ == "__main__":
    unittest.main()
