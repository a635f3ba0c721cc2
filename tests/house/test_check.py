"""The driver, and what all rules have in common."""

import unittest
from pathlib import Path

from planted import RuleTest, check, run_check


class Driver(RuleTest):
    def test_every_rule_has_a_test(self):
        for rule in check.RULES:
            self.assertTrue((Path(__file__).parent / f"test_{rule}.py").exists(), rule)

    def test_every_rule_says_in_one_line_what_it_asks(self):
        status, out = run_check("--list")
        self.assertEqual(status, 0)
        self.assertEqual([line.split()[0] for line in out.splitlines()], check.RULES)
        self.assertTrue(all(len(line.split()) > 3 for line in out.splitlines()), out)

    def test_a_finding_is_printed_with_its_place_and_fails_the_run(self):
        root = self.plant({"src/base/a.cpp": "\n#include <atomic>\n"})
        status, out = run_check("--root", root, "atomics", "macros")
        self.assertEqual(status, 1)
        self.assertRegex(out, r"^src/base/a.cpp:2: .*\[atomics\]\n$")

    def test_a_clean_tree_passes(self):
        root = self.plant({"src/base/a.cpp": "int a;\n"})
        self.assertEqual(run_check("--root", root, "atomics", "floors"), (0, ""))

    def test_an_unknown_rule_is_a_usage_error(self):
        self.assertEqual(run_check("no_such_rule")[0], 2)

    def test_what_is_built_is_not_looked_at(self):
        root = self.plant({"build/src/a.cpp": "", "src/build/a.cpp": "", ".git/a.cpp": ""})
        self.assertEqual(check.Tree(root).all_files(), [])


if __name__ == "__main__":
    unittest.main()
