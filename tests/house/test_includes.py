"""Forbidden includes of public headers."""

import unittest

from planted import RuleTest


class Includes(RuleTest):
    rule = "includes"

    def test_each_forbidden_header_is_caught(self):
        for name in ("thread", "future", "stop_token", "iostream", "functional", "ranges", "atomic"):
            self.catches("include/kettle/core/a.hpp:2", f"<{name}>",
                         {"include/kettle/core/a.hpp": f"#include <vector>\n#include <{name}>\n"})

    def test_private_headers_and_comments_may_name_them(self):
        self.allows({"src/core/a.hpp": "#include <thread>\n", "include/kettle/core/a.hpp": "// #include <thread>\n"})


if __name__ == "__main__":
    unittest.main()
