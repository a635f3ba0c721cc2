"""Headers that compile alone."""

import unittest

from planted import RuleTest


class Alone(RuleTest):
    rule = "alone"

    def test_a_header_that_needs_another_is_caught_with_both_compilers(self):
        found = self.findings({"include/kettle/core/a.hpp": "#pragma once\nstd::size_t n();\n"})
        self.assertEqual(len(found), 2, found)
        self.assertTrue(all(f.startswith("include/kettle/core/a.hpp:2: alone, ") for f in found), found)

    def test_a_header_without_a_guard_is_caught(self):
        self.assertEqual(len(self.findings({"include/kettle/core/a.hpp": "struct a {};\n"})), 2)

    def test_a_complete_header_passes(self):
        self.allows({"include/kettle/core/a.hpp": "#pragma once\n#include <cstddef>\nstd::size_t n();\n"})


if __name__ == "__main__":
    unittest.main()
