"""Spellings that g++ 12 miscompiles."""

import unittest

from planted import RuleTest


class Spellings(RuleTest):
    rule = "spellings"

    def bad(self, spelling, says):
        self.catches("examples/a.cpp:2", says, {"examples/a.cpp": f"\n  {spelling}\n"})

    def test_a_closure_with_copies_beside_co_await_is_caught(self):
        for captures in ("s", "=", "&a, s", "s, &a", "s = std::move(t)", "this, s"):
            self.bad(f"co_await [{captures}]() -> task<> {{ co_return; }}();", "destroys this closure twice")

    def test_a_braced_value_of_awaits_is_caught(self):
        for spelling in ("vector<int> v{co_await a, co_await b};", "S s = {co_await a};", "T a[] = {co_await f({1})};",
                         "send({co_await a, 1});"):
            self.bad(spelling, "braced value")

    def test_an_awaited_capture_is_caught(self):
        self.bad("auto f = [v = co_await g()] { return v; };", "capture")

    def test_good_spellings_pass(self):
        self.allows({"examples/a.cpp": """
            co_await [&]() -> task<> { co_return; }();
            co_await [&a, this]() -> task<int> { co_return co_await f(); }();
            auto body = [s]() -> task<> { co_await s; };
            if (x) { co_await f({1, 2}); } else { co_await g(); }
            auto [a, b] = co_await all(f(), g());
            for (auto x : co_await f()) { use(x); }
            // co_await [s]{}();
        """})

    def test_compile_fail_cases_hold_them_on_purpose(self):
        self.allows({"tests/compile_fail/a.cpp": "co_await [s]() -> task<> {}();"})


if __name__ == "__main__":
    unittest.main()
