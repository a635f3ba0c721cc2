"""The harness of tests/compile_fail: it believes nothing but the first error, and only for the right reason."""

import contextlib
import io
import sys
import unittest

from planted import REPOSITORY, RuleTest

sys.path.insert(0, str(REPOSITORY / "tests" / "compile_fail"))
import compile_fail  # noqa: E402  (after the path)

CASE = """// expect: name the pot
template <class T> void brew(T) { static_assert(sizeof(T) > 1, "name the pot first"); }
int main() {
#ifdef OK
  brew(1);
#else
  brew('a');
#endif
}
"""
# The same, but clang lets it pass.
GNU_ONLY = CASE.replace("sizeof(T) > 1", "sizeof(T) > 1 || CLANG").replace(
    "template", "#ifdef __clang__\n#define CLANG 1\n#else\n#define CLANG 0\n#endif\ntemplate", 1)


class CompileFail(RuleTest):
    def run_case(self, text):
        root = self.plant({"a.cpp": text})
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            status = compile_fail.main(str(root / "a.cpp"))
        return status, out.getvalue()

    def refused(self, text, why):
        status, out = self.run_case(text)
        self.assertEqual(status, 1)
        self.assertIn(why, out)

    def test_the_expected_error_passes(self):
        self.assertEqual(self.run_case(CASE), (0, ""))

    def test_a_file_that_compiles_is_refused(self):
        self.refused(CASE.replace("'a'", "2"), "compiles, though it must not")

    def test_another_first_error_is_refused(self):
        self.refused(CASE.replace("#else", "#else\n  pot p;"), "the first error does not say")

    def test_a_file_broken_for_another_reason_is_refused(self):
        self.refused(CASE.replace("#ifdef OK", "#include <no_such_file>\n#ifdef OK"), "does not compile with -DOK")

    def test_a_case_without_expectation_is_refused(self):
        self.refused(CASE.replace("expect", "except"), "no '// expect:")

    def test_each_compiler_is_asked_and_only_narrows(self):
        self.refused(GNU_ONLY, "clang++-19: compiles")
        self.assertEqual(self.run_case("// only: g++\n" + GNU_ONLY), (0, ""))


if __name__ == "__main__":
    unittest.main()
