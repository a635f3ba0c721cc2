"""clang-tidy with our configuration."""

import unittest

from planted import REPOSITORY, RuleTest

CONFIG = (REPOSITORY / ".clang-tidy").read_text()


class Tidy(RuleTest):
    rule = "tidy"

    def test_a_defect_is_caught_once_in_source_and_header(self):
        self.catches("src/core/a.hpp:2", "[misc-definitions-in-headers]", {
            ".clang-tidy": CONFIG,
            "src/core/a.hpp": "#pragma once\nint twice(int a) { return 2 * a; }\n",
            "src/core/a.cpp": '#include "core/a.hpp"\n',
            "src/core/b.cpp": '#include "core/a.hpp"\n',
        })

    def test_a_clean_source_passes_and_tests_are_left_alone(self):
        self.allows({
            ".clang-tidy": CONFIG,
            "src/core/a.cpp": "int twice(int n) { return 2 * n; }\n",
            "src/core/a_test.cpp": "bool same(int a) { return a == a; }\n",
        })

    def test_a_source_that_does_not_compile_is_caught(self):
        self.catches("src/core/a.cpp:1", "b", {".clang-tidy": CONFIG, "src/core/a.cpp": "int a = b;\n"})


if __name__ == "__main__":
    unittest.main()
