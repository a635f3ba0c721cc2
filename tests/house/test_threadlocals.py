"""Thread-local variables outside of thread_state."""

import unittest

from planted import RuleTest


class ThreadLocals(RuleTest):
    rule = "threadlocals"

    def test_each_spelling_is_caught(self):
        for spelling in ("static thread_local int n;", "__thread int n;", "thread_local pot p;"):
            self.catches("src/core/a.cpp:2", "thread_state.hpp", {"src/core/a.cpp": f"\n{spelling}\n"})

    def test_the_struct_comments_tests_and_extras_pass(self):
        self.allows({
            "include/kettle/base/thread_state.hpp": "inline constinit thread_local thread_state tls{};",
            "src/core/a.cpp": "// thread_local variables are not here\nint n;",
            "src/core/a_test.cpp": "thread_local int n;",
            "extras/green/a.cpp": "__thread int n;",
        })


if __name__ == "__main__":
    unittest.main()
