"""Documentation equals examples."""

import unittest

from planted import RuleTest

EXAMPLE = "#include <a>\n\n// [kitchen]\nint main() {\n  // [pot]\n  return 0;\n  // [/pot]\n}\n// [/kitchen]\n"


def page(source, code):
    return f"Text.\n\n<!-- {source} -->\n```cpp\n{code}\n```\n"


class Snippets(RuleTest):
    rule = "snippets"

    def test_equal_ones_pass(self):
        self.allows({
            "examples/a.cpp": EXAMPLE,
            "README.md": page("examples/a.cpp", "#include <a>\n\nint main() {\n  return 0;\n}"),
            "docs/guide/a.md": page("examples/a.cpp#kitchen", "int main() {\n  return 0;\n}"),
            "docs/guide/b.md": page("examples/a.cpp#pot", "return 0;") + "```sh\n./dev run\n```\n",
        })

    def test_a_difference_is_caught(self):
        self.catches("README.md:4", "differs from examples/a.cpp#pot",
                     {"examples/a.cpp": EXAMPLE, "README.md": page("examples/a.cpp#pot", "return 1;")})

    def test_a_block_without_source_is_caught(self):
        self.catches("README.md:1", "needs its source", {"README.md": "```cpp\nint a;\n```\n"})

    def test_a_missing_example_or_region_is_caught(self):
        self.catches("README.md:4", "no examples/b.cpp", {"README.md": page("examples/b.cpp", "")})
        self.catches("README.md:4", "no region [pan]",
                     {"examples/a.cpp": EXAMPLE, "README.md": page("examples/a.cpp#pan", "return 0;")})


if __name__ == "__main__":
    unittest.main()
