"""A test beside every source."""

import unittest

from planted import RuleTest

TEST = "TEST(a, b) {}\n"


class Beside(RuleTest):
    rule = "beside"

    def test_a_source_without_a_test_is_caught(self):
        self.catches("src/core/a.cpp:1", "no test beside it: src/core/a_test.cpp", {"src/core/a.cpp": ""})
        self.catches("apps/kettle/a.cpp:1", "no test beside it", {"apps/kettle/a.cpp": ""})

    def test_a_test_file_that_tests_nothing_is_caught(self):
        self.catches("src/core/a_test.cpp:1", "without a TEST",
                     {"src/core/a.cpp": "", "src/core/a_test.cpp": "// TEST"})

    def test_tested_sources_main_and_other_folders_pass(self):
        self.allows({"src/core/a.cpp": "", "src/core/a_test.cpp": TEST, "apps/kettle/main.cpp": "", "bench/b.cpp": ""})


if __name__ == "__main__":
    unittest.main()
