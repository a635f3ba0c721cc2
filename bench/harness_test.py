"""Statistics, verdicts and the busy rule, on invented figures: quick, and quiet on any machine."""

import json
import os
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

import groups
import harness
import run
import sides
from harness import Failed, Missing, Row, Side, Taken, Work


def constant(name, value, note=""):
    return Side(name, lambda: {"": value}, note)


def taken_of(*rounds, wanted=None, spoilt=()):
    return Taken(wanted or len(rounds), kept=list(rounds), spoilt=list(spoilt))


def probes(*shares):
    """A probe that gives these shares in turn, the last one for ever."""
    given = list(shares)
    return lambda: given.pop(0) if len(given) > 1 else given[0]


LOWER = Row("x", "ns", 10)
RATIO = Row("x", "ns", 0.5, against="plain")
SPEED_UP = Row("x", "s", 1.7, better="higher", against="sequential", speed_up=True)


class Statistics(unittest.TestCase):
    def test_median_leaves_out_what_is_not_there(self):
        self.assertEqual(harness.median([3, None, 1, 2]), 2)
        self.assertIsNone(harness.median([None]))

    def test_spread_is_the_quartiles_distance_over_the_median(self):
        self.assertAlmostEqual(harness.spread([8, 9, 10, 11, 12]), 0.2)
        self.assertEqual(harness.spread([7]), 0.0)
        self.assertIsNone(harness.spread([None, None]))

    def test_one_wild_round_does_not_move_the_figure(self):
        taken = taken_of(*({"kettle": {"": v}} for v in (9, 9, 9, 9, 900)))
        row = harness.judge("core", LOWER, taken)
        self.assertEqual((row["kettle"], row["ok"]), (9, True))


class Verdicts(unittest.TestCase):
    def test_an_absolute_target_is_met_or_missed_by_the_figure(self):
        good = harness.judge("core", LOWER, taken_of({"kettle": {"": 10}, "floor": {"": 3}}))
        self.assertEqual((good["ok"], good["ratio"], good["floor"], good["against"]), (True, 1.0, 3, "target"))
        self.assertFalse(harness.judge("core", LOWER, taken_of({"kettle": {"": 10.1}}))["ok"])

    def test_a_ratio_is_to_the_side_the_target_names(self):
        row = harness.judge("core", RATIO, taken_of({"kettle": {"": 4}, "plain": {"": 10}, "Go": {"": 1}}))
        self.assertEqual((row["ratio"], row["ok"]), (0.4, True))
        self.assertEqual(row["peers"], {"Go": 1, "plain": 10})

    def test_a_speed_up_is_the_other_over_kettle_and_higher_is_better(self):
        slow = harness.judge("cli", SPEED_UP, taken_of({"kettle": {"": 1.0}, "sequential": {"": 1.6}}))
        fast = harness.judge("cli", SPEED_UP, taken_of({"kettle": {"": 1.0}, "sequential": {"": 1.9}}))
        self.assertEqual((slow["ratio"], slow["ok"], fast["ok"]), (1.6, False, True))

    def test_no_verdict_when_the_named_peer_is_missing(self):
        taken = taken_of({"kettle": {"": 4}})
        taken.missing["plain"] = "not built"
        row = harness.judge("core", RATIO, taken)
        self.assertEqual((row["ok"], row["ratio"], row["peers"]), (None, None, {"plain": None}))

    def test_another_missing_peer_leaves_the_verdict(self):
        taken = taken_of({"kettle": {"": 4}, "plain": {"": 10}})
        taken.missing["Go"] = "needs golang-go"
        self.assertEqual(harness.judge("core", RATIO, taken)["ok"], True)

    def test_a_program_of_ours_that_fails_has_missed_its_target(self):
        taken = taken_of({})
        taken.failed["kettle"] = "status 1"
        row = harness.judge("core", LOWER, taken)
        self.assertEqual((row["ok"], row["kettle"]), (False, None))
        self.assertEqual(run.status([row]), 1)


class Rounds(unittest.TestCase):
    def test_every_side_runs_once_a_round_in_rotated_order(self):
        ran = []
        watched = [Side(n, lambda n=n: ran.append(n) or {"": 1}) for n in "abc"]
        harness.take(Work("w", [LOWER], watched), 3, share=probes(0.0))
        self.assertEqual("".join(ran), "abcbcacab")

    def test_a_busy_round_is_repeated(self):
        work = Work("w", [LOWER], [constant("kettle", 1)])
        taken = harness.take(work, 2, share=probes(0.0, 0.5, 0.0))
        self.assertEqual((len(taken.kept), len(taken.spoilt), taken.busy), (2, 1, False))

    def test_ten_percent_is_not_busy(self):
        taken = harness.take(Work("w", [LOWER], [constant("kettle", 1)]), 1, share=probes(0.10))
        self.assertEqual(len(taken.kept), 1)

    def test_after_three_times_the_rounds_it_gives_up_and_has_no_verdict(self):
        work = Work("w", [LOWER], [constant("kettle", 1)])
        taken = harness.take(work, 4, share=probes(0.9))
        self.assertEqual((len(taken.kept), len(taken.spoilt), taken.busy), (0, 12, True))
        row = harness.judge("core", LOWER, taken)
        self.assertEqual((row["ok"], row["busy"], row["rounds"], row["kettle"]), (None, True, 0, 1))
        self.assertEqual(run.status([row]), 3)

    def test_half_of_the_rounds_are_enough(self):
        half = taken_of({"kettle": {"": 1}}, {"kettle": {"": 1}}, wanted=4, spoilt=[{}] * 10)
        under = taken_of({"kettle": {"": 1}}, wanted=4, spoilt=[{}] * 11)
        self.assertEqual((half.busy, under.busy), (False, True))
        self.assertEqual(harness.judge("core", LOWER, half)["ok"], True)

    def test_figures_of_busy_rounds_do_not_count_when_there_are_quiet_ones(self):
        taken = taken_of({"kettle": {"": 1}}, spoilt=[{"kettle": {"": 99}}] * 2)
        self.assertEqual(harness.judge("core", LOWER, taken)["kettle"], 1)

    def test_a_missing_peer_is_tried_once_and_reported(self):
        tried = []

        def absent():
            tried.append(1)
            raise Missing("it needs golang-go")

        work = Work("w", [LOWER], [constant("kettle", 1), Side("Go", absent)])
        taken = harness.take(work, 3, share=probes(0.0))
        self.assertEqual((len(tried), len(taken.kept)), (1, 3))
        self.assertIn("Go: missing, it needs golang-go", taken.notes)

    def test_time_running_out_ends_the_rounds_and_says_so(self):
        now = iter(range(100))
        work = Work("w", [LOWER], [constant("kettle", 1)])
        taken = harness.take(work, 9, share=probes(0.0), deadline=3, clock=lambda: next(now))
        self.assertEqual((len(taken.kept), taken.busy), (4, False))
        self.assertIn("out of time after 4 rounds", taken.notes)

    def test_a_peer_at_a_tenth_says_so_in_the_row(self):
        work = Work("w", [LOWER], [constant("kettle", 1), constant("trio", 5, note="a tenth")])
        row = harness.judge("core", LOWER, harness.take(work, 1, share=probes(0.0)))
        self.assertEqual(row["notes"], ["trio: a tenth"])


class Probe(unittest.TestCase):
    def test_it_gives_a_share_and_leaves_our_cores_alone(self):
        before = os.sched_getaffinity(0)
        share = harness.probe()
        self.assertTrue(0.0 <= share <= 1.0, share)
        self.assertEqual(os.sched_getaffinity(0), before)


class Programs(unittest.TestCase):
    def test_figures_are_the_json_lines(self):
        text = 'hello\n{"value": 2, "unit": "ns"}\n{"name": "late", "value": 0.5, "unit": "s"}\n'
        self.assertEqual(sides.figures(text), {"": 2.0, "late": 0.5})

    def test_a_peer_not_built_is_missing_and_a_program_of_ours_has_failed(self):
        with self.assertRaisesRegex(Missing, "golang-go"):
            sides.program("Go", "/nowhere/go", package="golang-go").run()
        with self.assertRaisesRegex(Failed, "not built"):
            sides.program("kettle", "/nowhere/core_task").run()

    def test_a_script_without_its_module_is_missing(self):
        with self.assertRaisesRegex(Missing, "python3-trio"):
            sides.execute(["sh", "-c", "echo it needs python3-trio >&2; exit 77"], "x")

    def test_what_a_failed_program_said_last_is_kept(self):
        with self.assertRaisesRegex(Failed, "status 3, two"):
            sides.execute(["sh", "-c", "echo one >&2; echo two >&2; exit 3"], "x")


class Comparing(unittest.TestCase):
    DOCUMENT = {
        "workloads": [
            {"name": "waiting", "methods": []},
            {
                "name": "computing",
                "methods": [
                    {"method": "sequential", "measured": True, "wall_s": {"median": 1.5}},
                    {"method": "threads", "measured": False},
                ],
            },
        ]
    }

    def test_the_walls_of_one_workload_are_read(self):
        self.assertEqual(groups.walls("computing")(self.DOCUMENT), {"sequential": 1.5})
        self.assertEqual(groups.walls("mixed")(self.DOCUMENT), {})

    def test_both_sides_of_a_round_are_told_by_one_run(self):
        runs = []
        once = sides.Compare("kettle", [], None)
        once.run = lambda: runs.append(1) or {"sequential": 3.0, "threads": len(runs)}
        kettle, sequential = once.side("kettle", "threads"), once.side("sequential", "sequential")
        told = [kettle.run(), sequential.run(), sequential.run(), kettle.run()]
        self.assertEqual([t[""] for t in told], [1, 3.0, 3.0, 2])
        self.assertEqual(len(runs), 2)

    def test_a_method_that_gave_no_figure_has_failed(self):
        once = sides.Compare("kettle", [], None)
        once.run = lambda: {"sequential": 3.0}
        with self.assertRaisesRegex(Failed, "threads"):
            once.side("kettle", "threads").run()


class CommandLine(unittest.TestCase):
    def main(self, *argv):
        said = StringIO()
        with redirect_stderr(said), redirect_stdout(StringIO()):
            try:
                code = run.main(list(argv))
            except SystemExit as end:
                code = end.code
        return code, said.getvalue()

    def test_a_group_that_is_not_there_is_one_line_and_status_2(self):
        for name in ("tea", "cpu"):
            code, said = self.main(name)
            self.assertEqual((code, said.count("\n")), (2, 1), said)
            self.assertIn(name, said)

    def test_a_name_that_fits_nothing_is_status_2(self):
        self.assertEqual(self.main("core", "--only", "no such thing")[0], 2)

    def test_rows_have_the_promised_fields_and_a_table(self):
        work = Work("w", [LOWER], [constant("kettle", 4), constant("floor", 2), constant("Go", 8)])
        quiet = lambda *a, **k: harness.take(*a, share=probes(0.0), **k)
        rows = json.loads(json.dumps(run.measure("core", [work], 3, take=quiet, say=lambda text: None)))
        fields = "group name unit kettle peers floor ratio better target ok spread rounds busy"
        self.assertLessEqual(set(fields.split()), set(rows[0]))
        self.assertEqual((rows[0]["rounds"], rows[0]["ok"], rows[0]["busy"]), (3, True, False))
        self.assertIn("Go 8.00", run.table(rows))

    def test_every_row_of_a_group_has_its_own_name_and_a_target(self):
        for works in (groups.core(groups.Places("/r", "/b")), groups.cli(groups.Places("/r", "/b"))):
            names = [row.name for work in works for row in work.rows]
            self.assertEqual(len(names), len(set(names)))
            self.assertTrue(all(row.target for work in works for row in work.rows))

    def test_a_group_fits_its_time_when_quiet(self):
        for works in (groups.core(groups.Places("/r", "/b")), groups.cli(groups.Places("/r", "/b"))):
            self.assertLess(sum(w.seconds * w.rounds for w in works), run.LIMIT_S)


if __name__ == "__main__":
    unittest.main()
