"""Atomics outside base/atomic.hpp."""

import unittest

from planted import RuleTest


class Atomics(RuleTest):
    rule = "atomics"

    def test_every_raw_spelling_is_caught(self):
        for spelling in ("std::atomic<int> n;", "std::atomic_flag f;", "__atomic_load_n(p, 0);",
                         "__sync_synchronize();", "#include <atomic>", "std::memory_order_relaxed;"):
            self.catches("src/core/a.cpp:2", "use kettle::atomic", {"src/core/a.cpp": f"\n{spelling}\n"})

    def test_extras_go_through_it_too(self):
        self.catches("extras/green/lot.cpp:1", "use kettle::atomic", {"extras/green/lot.cpp": "std::atomic<int> n;"})

    def test_the_alias_itself_comments_and_tests_pass(self):
        self.allows({
            "include/kettle/base/atomic.hpp": "__atomic_load_n(p, 0);",
            "src/core/a.cpp": "// std::atomic costs\nkettle::atomic<int> n;",
            "src/core/a_test.cpp": "std::atomic<int> n;",
            "bench/a.cpp": "std::atomic<int> n;",
        })


if __name__ == "__main__":
    unittest.main()
