"""clang-format, found and repaired."""

import unittest

from planted import REPOSITORY, RuleTest, check, run_check

STYLE = (REPOSITORY / ".clang-format").read_text()


class Format(RuleTest):
    rule = "format"

    def test_a_badly_formatted_file_is_caught(self):
        self.catches("src/core/a.cpp:2", "not formatted",
                     {".clang-format": STYLE, "src/core/a.cpp": "int a;\nint  b ;\n", "src/core/b.cpp": "int b;\n"})

    def test_a_well_formatted_file_passes(self):
        self.allows({".clang-format": STYLE, "src/core/a.cpp": "int* a;\n"})

    def test_fix_repairs(self):
        root = self.plant({".clang-format": STYLE, "src/core/a.cpp": "int  *a ;\n"})
        self.assertEqual(run_check("--root", root, "--fix", "format"), (0, ""))
        self.assertEqual(check.Tree(root).text("src/core/a.cpp"), "int* a;\n")


if __name__ == "__main__":
    unittest.main()
