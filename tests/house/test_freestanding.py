"""What the scheduler of the green threads may not touch."""

import unittest

from planted import RuleTest


class Freestanding(RuleTest):
    rule = "freestanding"

    def test_libc_in_the_scheduler_is_caught(self):
        for text, says in (
            ("void* p = malloc(8);", "malloc"),
            ("auto* p = new fiber;", "new"),
            ("pthread_mutex_lock(&m);", "pthread_mutex_lock"),
            ("std::vector<int> v;", "std::vector"),
            ("throw 1;", "throw"),
            ("#include <vector>", "<vector>"),
        ):
            self.catches("extras/green/scheduler.cpp:2", says, {"extras/green/scheduler.cpp": f"\n{text}\n"})

    def test_raw_calls_and_types_pass(self):
        self.allows({"extras/green/engine.cpp": "#include <cerrno>\n#include <sys/mman.h>\n"
                                                "std::uint32_t n; sys::raw_call(SYS_mmap, 0); // malloc(8)\n"
                                                "auto* f = ::new (place) fiber;\n"})

    def test_the_functions_taken_over_are_ordinary_code(self):
        self.allows({"extras/green/hook_names.cpp": "#include <vector>\nstd::vector<int> v;\n",
                     "src/io/scheduler.cpp": "#include <vector>\n"})


if __name__ == "__main__":
    unittest.main()
