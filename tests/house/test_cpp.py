"""Reading C++: comments and literals hide nothing and fake nothing."""

import unittest

from planted import check  # noqa: F401  (sets the path)
import cpp


class Blank(unittest.TestCase):
    def test_comments_and_literals_become_blanks_of_the_same_length(self):
        for text in ('a /* b */ c', 'a // b', 'f("b // c") d', "'\"' x", 'R"(b " // )" x', 'a\n/* b\n c */ d'):
            blanked = cpp.blank(text)
            self.assertEqual(len(blanked), len(text))
            self.assertEqual(blanked.count("\n"), text.count("\n"))
            self.assertNotIn("b", blanked)

    def test_code_stays(self):
        for text in ("1'000 + a'", "x = 0xA'B;", "#include <a//b.h>", '#include "core/home.hpp"'):
            self.assertEqual(cpp.blank(text), text)
        self.assertTrue(cpp.blank("n = 1'000'000; // '\nb;").endswith("\nb;"))

    def test_includes_in_comments_do_not_count(self):
        text = '// #include <a>\n/*\n#include <b>\n*/\n  #  include <c>\n#include "d/e.hpp"\n'
        self.assertEqual(list(cpp.includes(text)), [(5, "c", False), (6, "d/e.hpp", True)])


if __name__ == "__main__":
    unittest.main()
