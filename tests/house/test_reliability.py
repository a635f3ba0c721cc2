"""tools/reliability: the twins at length, planted errors, the soak, and the page they write."""

import json
import subprocess
import sys
import unittest

from planted import REPOSITORY, RuleTest

sys.path.insert(0, str(REPOSITORY / "tools" / "reliability"))

import explore  # noqa: E402
import mutants  # noqa: E402
import page  # noqa: E402
import soak  # noqa: E402
import sweep  # noqa: E402

PATCHES = sorted((REPOSITORY / "tests" / "mutants").glob("*.patch"))


def row(**more):
    return {"part": "event", "twin": "wakes", "strategy": "dfs(2)", "schedules": 10, "points": 100, "seconds": 0.5,
            "exhausted": True, "bound": 2, "failures": 0, **more}


class Explore(RuleTest):
    def program(self, text):
        root = self.plant({"twins": "#!/bin/sh\n" + text})
        (root / "twins").chmod(0o755)
        return root

    def run_it(self, root, *argv):
        verb = REPOSITORY / "tools/reliability/explore.py"
        done = subprocess.run([verb, root / "twins", *argv], text=True, capture_output=True)
        return done.returncode, done.stdout

    LISTS = ('if [ "$1" = --gtest_list_tests ]; then\n'
             'printf "event.\\n  wakes\\n  clears\\nmutex.\\n  locks\\n"; exit; fi\n')

    def test_runs_those_whose_name_matches_and_keeps_their_rows(self):
        root = self.program(self.LISTS + f"echo '{json.dumps(row())}' >>\"$KETTLE_EXPLORE_JSON\"\n")
        status, out = self.run_it(root, "event.", "--seconds", "1", "--json", str(root / "out.json"))
        self.assertEqual(status, 0, out)
        self.assertIn("2 twins, 20 schedules, 0 failed", out)
        self.assertEqual(len(json.loads((root / "out.json").read_text())), 2)

    def test_a_twin_that_fails_is_shown_and_fails_the_verb(self):
        root = self.program(self.LISTS + 'case $1 in *clears) echo "it broke"; exit 1;; esac\n')
        status, out = self.run_it(root)
        self.assertEqual(status, 1)
        self.assertIn("it broke", out)
        self.assertIn("3 twins, 0 schedules, 1 failed", out)

    def test_a_name_that_no_twin_has_is_told(self):
        self.assertEqual(self.run_it(self.program(self.LISTS), "kettledrum")[0], 2)

    def test_exhausted_is_said_when_both_searches_came_to_their_end(self):
        both = [row(), row(strategy="dfs(2), tso")]
        self.assertIn("exhausted at bound 2", explore.line_of("event.wakes", both, True))
        self.assertNotIn("exhausted", explore.line_of("event.wakes", [row()], True))
        one_did_not = [row(), row(strategy="dfs(2), tso", exhausted=False)]
        self.assertNotIn("exhausted", explore.line_of("event.wakes", one_did_not, True))
        self.assertIn("FAILED", explore.line_of("event.wakes", both, False))
        self.assertIn("shows core/x", explore.line_of("event.wakes", [row(fault="core/x")], True))


def swept(**more):
    return {"sweep": "calls", "body": "files", "where": "read, epoll", "errors": 3, "points": 12, "absorbed": 8,
            "reported": 3, "known": 1, "faults": 0, **more}


class Sweep(RuleTest):
    LISTS = 'case $2$1 in *list_tests*) printf "calls.\\n  files\\n  pipes\\n"; exit;; esac\n'

    def run_it(self, text, *argv):
        root = self.plant({"tests/calls/calls_test": "#!/bin/sh\n" + self.LISTS + text})
        (root / "tests/calls/calls_test").chmod(0o755)
        verb = REPOSITORY / "tools/reliability/sweep.py"
        done = subprocess.run([verb, root, *argv, "--json", root / "out.json"], text=True, capture_output=True)
        return done.returncode, done.stdout, root / "out.json"

    TELLS = f"echo '{json.dumps(swept())}' >>\"$KETTLE_SWEEP_JSON\"\n"

    def test_runs_those_whose_name_matches_and_keeps_their_rows(self):
        status, out, rows = self.run_it('[ "$KETTLE_SWEEP" = full ] || exit 1\n' + self.TELLS, "files")
        self.assertEqual(status, 0, out)
        self.assertIn("1 tests, 12 points, 0 faults, 0 failed", out)
        self.assertEqual(json.loads(rows.read_text()), [swept()])

    def test_one_that_fails_or_tells_nothing_fails_the_verb(self):
        status, out, _ = self.run_it(self.TELLS + 'case $1 in *files) echo "it hangs"; exit 1;; esac\n')
        self.assertEqual(status, 1)
        self.assertIn("it hangs", out)
        self.assertEqual(self.run_it("true\n")[0], 1)

    def test_a_name_that_nothing_has_is_told(self):
        self.assertEqual(self.run_it(self.TELLS, "kettledrum")[0], 2)

    def test_each_kind_has_a_sentence_on_the_page(self):
        self.assertEqual(set(sweep.PROGRAMS), set(page.SWEEPS))


class Mutants(unittest.TestCase):
    def test_each_has_a_part_and_a_sentence(self):
        self.assertGreaterEqual(len(PATCHES), 60)
        for patch in PATCHES:
            self.assertIsNotNone(mutants.part_of(patch.stem), patch.stem)
            self.assertTrue(mutants.sentence_of(patch), patch.stem)

    def test_each_still_applies(self):
        for patch in PATCHES:
            done = subprocess.run(["git", "apply", "--check", patch], cwd=REPOSITORY, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, f"{patch.name}: {done.stderr}")

    def test_a_part_is_the_longest_that_fits(self):
        self.assertEqual(mutants.part_of("mutex_x"), "mutex")
        self.assertEqual(mutants.part_of("shared_mutex_x"), "shared_mutex")
        self.assertIsNone(mutants.part_of("teapot_x"))

    def test_survivors_are_among_them(self):
        names = {p.stem for p in PATCHES}
        for name, why in mutants.survivors(REPOSITORY / "tests" / "mutants" / "survivors.txt").items():
            self.assertIn(name, names)
            self.assertTrue(why.strip())


class Soak(RuleTest):
    def run_it(self, program, *argv):
        """`program` is the one in every build."""
        files = {f"{preset}/tests/soak/kettle_soak": "#!/bin/sh\n" + program for preset in soak.PRESETS}
        root = self.plant(files)
        for file in files:
            (root / file).chmod(0o755)
        verb = REPOSITORY / "tools/reliability/soak.py"
        json_file = root / "out.json"
        done = subprocess.run([verb, root, *argv, "--json", json_file], text=True, capture_output=True)
        return done.returncode, done.stdout, json.loads(json_file.read_text()) if json_file.exists() else None

    ROUND = 'echo "round 0: 300 operations, 3 ends open: ok"\n'
    GOOD = ROUND + 'echo "in all 1 rounds, 300 operations, 0.5 s, 0 violations"\n'

    def test_each_theme_is_played_in_each_build_on_both_back_ends(self):
        told = 'test "$2 $3" = "--seconds 2.0" || exit 9\n'
        status, out, rows = self.run_it(told + self.GOOD, "--seconds", "2")
        self.assertEqual(status, 0, out)
        self.assertIn("18 runs, 5,400 operations, 0 failed", out)
        self.assertEqual(len({(r["theme"], r["preset"], r["back_end"]) for r in rows}), 18)
        self.assertEqual((rows[0]["rounds"], rows[0]["operations"], rows[0]["seconds"]), (1, 300, 0.5))

    def test_a_theme_alone(self):
        status, out, rows = self.run_it('test "$1" = lives || exit 9\n' + self.GOOD, "lives")
        self.assertEqual(status, 0, out)
        self.assertEqual(len(rows), 6)

    def test_what_fails_is_shown_with_its_seed_and_fails_the_verb(self):
        broken = self.ROUND + 'test $KETTLE_BACKEND = epoll || exit 0\necho "it broke"; exit 3\n'
        status, out, rows = self.run_it(broken, "waits")
        self.assertEqual(status, 1)
        self.assertIn("it broke", out)
        failed = [r for r in rows if r["failures"]]
        self.assertEqual([r["back_end"] for r in failed], ["epoll"] * 3)
        self.assertEqual(failed[0]["operations"], 300)
        self.assertIn(f"FAILED, seed {failed[0]['seed']}", out)

    def test_violations_are_counted(self):
        bad = 'echo "in all 1 rounds, 300 operations, 0.5 s, 7 violations"; exit 1\n'
        self.assertEqual(self.run_it(bad, "waits")[2][0]["failures"], 7)

    def test_a_back_end_that_is_denied_is_no_run(self):
        denied = 'if [ $KETTLE_BACKEND = io_uring ]; then echo "SKIP: denied"; exit 77; fi\n' + self.GOOD
        status, out, rows = self.run_it(denied, "waits")
        self.assertEqual(status, 0, out)
        self.assertIn("SKIP: denied", out)
        self.assertEqual({r["back_end"] for r in rows}, {"epoll"})

    def test_a_theme_that_there_is_not_is_told(self):
        self.assertEqual(self.run_it(self.GOOD, "kettledrum")[0], 2)


class Page(RuleTest):
    def test_each_run_of_the_soak_is_a_line(self):
        rows = [{"theme": "waits", "preset": "tsan", "back_end": "epoll", "rounds": 12, "operations": 3600,
                 "seconds": 60.2, "failures": 0}]
        text = "\n".join(page.soaked(rows))
        self.assertIn("| waits | tsan | epoll | 12 | 3,600 | 60 | 0 |", text)
        self.assertIn("In all 1 runs, 3,600 operations.", text)

    def test_parts_are_counted_and_failures_named(self):
        rows = [row(), row(strategy="dfs(2), tso"), row(twin="clears", exhausted=False, failures=1)]
        text = "\n".join(page.explored(rows))
        self.assertIn("| event | dfs(2) | 2 | 1 | 20 | 200 | 0 | clears |", text)
        self.assertIn("| event | dfs(2), tso | 1 | 1 | 10 | 100 | 0 | none |", text)
        self.assertIn("In all 2 twins, 1 of them exhausted in both models; 30 schedules, 300 points.", text)

    def test_mutants_are_told_apart_by_who_killed_them(self):
        killers = ("twin event.wakes", "twin mutex.locks", "core_test event.sets", "TSan core_test", None)
        rows = [{"name": f"event_{i}", "part": "event", "killed_by": k} for i, k in enumerate(killers)]
        text = "\n".join(page.planted(rows))
        self.assertIn("**4 of 5 killed**", text)
        self.assertIn("| event | 5 | 1 | 1 | 1 | 1 | 1 |", text)
        self.assertIn("`event_4`", text)

    def test_points_are_summed_by_kind_and_by_call(self):
        rows = [swept(), swept(body="pipes", where="read, io_uring", errors=4, faults=2),
                swept(sweep="memory", where="new", points=5, errors=0)]
        text = "\n".join(page.swept(rows))
        self.assertIn(f"| memory | {page.SWEEPS['memory']} | 1 | 5 | 8 | 3 | 1 | 0 |", text)
        self.assertIn("| 2 | 24 | 16 | 6 | 2 | 2 |", text)
        self.assertIn("| `read` | 2 | 4 | 24 | 16 | 6 | 2 | 2 |", text)

    def test_what_is_not_given_stays_as_it_was(self):
        before = "x\n" + page.BEGIN.format("mutants") + "\nold\n" + page.END.format("mutants")
        root = self.plant({"rows.json": json.dumps([row()])})
        text = page.page(REPOSITORY, {"explore": root / "rows.json"}, before)
        self.assertIn("old", text)
        self.assertIn("| event | dfs(2) | 1 |", text)
        self.assertEqual(text.count("begin -->"), 2)


if __name__ == "__main__":
    unittest.main()
