"""tools/test_summary.py: nothing that went wrong looks right."""

import subprocess
import unittest

from planted import REPOSITORY, RuleTest

PASSED = '<testcase name="a:b.c" status="run"><system-out>fine</system-out></testcase>'
FAILED = '<testcase name="a:b.d" status="fail"><failure/><system-out>expected 1</system-out></testcase>'
SKIPPED = (
    '<testcase name="a:b.e" status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/>'
    "<system-out>a_test.cpp:7: Skipped\nno io_uring here\n\n[  SKIPPED ] b.e</system-out></testcase>"
)
MISSING = '<testcase name="a_NOT_BUILT" status="notrun"><skipped message="Unable to find executable"/></testcase>'


class Summary(RuleTest):
    def summary(self, *builds):
        root = self.plant({f"{n}/tests.xml": f"<testsuite>{cases}</testsuite>" for n, cases in enumerate(builds)
                           if cases is not None})
        done = subprocess.run([REPOSITORY / "tools/test_summary.py", *(root / str(n) for n in range(len(builds)))],
                              capture_output=True, text=True)
        return done.returncode, done.stdout

    def test_the_last_line_counts_over_all_builds(self):
        status, out = self.summary(PASSED + SKIPPED, PASSED)
        self.assertEqual(out.splitlines(), ["skipped 1: no io_uring here", "2 passed, 0 failed, 1 skipped"])
        self.assertEqual(status, 0)

    def test_a_failure_is_shown_with_its_output_and_build(self):
        status, out = self.summary(PASSED, FAILED)
        self.assertEqual(status, 1)
        self.assertIn("expected 1", out)
        self.assertIn("failed: a:b.d [1]", out)
        self.assertEqual(out.splitlines()[-1], "1 passed, 1 failed, 0 skipped")

    def test_a_program_that_is_not_there_is_a_failure(self):
        status, out = self.summary(PASSED + MISSING)
        self.assertEqual((status, out.splitlines()[-1]), (1, "1 passed, 1 failed, 0 skipped"))

    def test_a_build_without_a_result_is_a_failure(self):
        status, out = self.summary(PASSED, None)
        self.assertEqual((status, out.splitlines()[-1]), (1, "1 passed, 1 failed, 0 skipped"))

    def test_nothing_run_is_a_failure(self):
        self.assertEqual(self.summary("")[0], 1)

    def test_control_characters_do_not_hide_a_result(self):
        self.assertEqual(self.summary(PASSED.replace("fine", "\x1b[0m"))[0], 0)


if __name__ == "__main__":
    unittest.main()
