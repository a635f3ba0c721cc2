"""Line budgets of public headers."""

import unittest

from planted import RuleTest

TASK = "include/kettle/coro/task.hpp"
ALL = "include/kettle/kettle.hpp"


class Budget(RuleTest):
    rule = "budget"

    def test_a_header_over_its_budget_is_caught(self):
        self.catches(f"{TASK}:1", "at most 65000", {TASK: "int a;\n" * 65_001, ALL: "int a;\n" * 94_000})
        self.catches(f"{ALL}:1", "at most 95000", {TASK: "int a;\n" * 64_000, ALL: "int a;\n" * 95_001})

    def test_headers_within_their_budgets_pass(self):
        self.allows({TASK: "int a;\n", ALL: "#include <kettle/coro/task.hpp>\n"})

    def test_a_header_that_is_gone_is_caught(self):
        self.catches(f"{ALL}:1", "is gone", {TASK: ""})


if __name__ == "__main__":
    unittest.main()
