"""Macros of public headers."""

import unittest

from planted import RuleTest


class Macros(RuleTest):
    rule = "macros"

    def test_a_foreign_name_is_caught(self):
        self.catches("include/kettle/core/a.hpp:2", "ASSERT: ours",
                     {"include/kettle/core/a.hpp": "\n#define ASSERT(x)\n"})

    def test_the_ninth_is_caught(self):
        eight = "".join(f"#define KETTLE_{n}\n" for n in range(8))
        self.allows({"include/kettle/core/a.hpp": eight + eight})
        self.catches("include/kettle/core/a.hpp:9", "number 9",
                     {"include/kettle/core/a.hpp": eight + "#define KETTLE_8\n"})

    def test_helpers_that_are_undefined_again_do_not_count(self):
        self.allows({"include/kettle/core/a.hpp": "#define HELP\n#undef HELP\n"})


if __name__ == "__main__":
    unittest.main()
