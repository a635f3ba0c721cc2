"""Length of files and lines."""

import unittest

from planted import RuleTest


class Length(RuleTest):
    rule = "length"

    def test_600_lines_pass_and_601_are_caught(self):
        self.allows({"src/core/a.cpp": "\n" * 600})
        self.catches("src/core/a.cpp:601", "601 lines", {"src/core/a.cpp": "\n" * 601})

    def test_100_columns_pass_and_101_are_caught(self):
        self.allows({"src/core/a.cpp": "x" * 100})
        self.catches("src/core/a.cpp:2", "101 columns", {"src/core/a.cpp": "\n" + "x" * 101})

    def test_scripts_count_too(self):
        self.catches("dev:1", "121 columns", {"dev": "x" * 121})
        self.catches("tools/a.py:1", "121 columns", {"tools/a.py": "x" * 121})


if __name__ == "__main__":
    unittest.main()
