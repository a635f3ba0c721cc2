#!/usr/bin/python3
"""Runs the sweeps: each fails one thing at a time, at every place where it can fail.

    sweep.py BUILD [NAME] [--json FILE]

NAME: only the tests whose `program/suite.test` has NAME in it. FILE: an array with an object for each line. Exit
status: 0 nothing found, 1 a test failed, 2 usage.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True

from explore import twins  # noqa: E402

# name: (program under BUILD/tests, filter of its tests that sweep; None: the program is one, and writes its own rows)
PROGRAMS = {
    "memory": ("memory/memory_test", "*"),
    "calls": ("calls/calls_test", "calls.*:calls_in_workers.*"),
    "cancellation": ("sweep/cancel_sweep", None),
    "behaviours": ("sweep/behaviour_sweep", None),
}


def tests(build, name=""):
    """(program, test) of each that matches and was built."""
    for program, (path, chosen) in PROGRAMS.items():
        file = Path(build, "tests", path)
        if file.exists() and chosen is None:
            if name in program:
                yield file, None
        elif file.exists():
            for test in twins([file, f"--gtest_filter={chosen}"]):
                if name in f"{program}/{test}":
                    yield file, test


def run(file, test):
    """(rows, output, passed)"""
    return run_test(file, test) if test else run_whole(file)


def run_whole(file):
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        done = subprocess.run([file, "--json", out.name], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace")
        text = Path(out.name).read_text(encoding="utf-8")
    rows = [{"sweep": r["sweep"], "body": r["body"], "where": f"{r['place']}, {r['way']}", "errors": 0,
             "points": r["runs"], "absorbed": r["runs"] - r["faults"], "reported": 0, "known": 0, "faults": r["faults"]}
            for r in json.loads(text or "[]")]
    return rows, done.stdout, done.returncode == 0


def run_test(file, test):
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as rows:
        environment = {**os.environ, "KETTLE_SWEEP": "full", "KETTLE_SWEEP_JSON": rows.name}
        done = subprocess.run([file, f"--gtest_filter={test}"], env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        with open(rows.name, encoding="utf-8") as lines:
            return [json.loads(line) for line in lines], done.stdout, done.returncode == 0


def line_of(r):
    errors = f"{r['errors']} errors, " if r["errors"] else ""
    return (f"{r['sweep']:6} {r['body']:26} {r['where']:28} {errors}{r['points']} points: {r['absorbed']} absorbed, "
            f"{r['reported']} reported, {r['known']} known, {r['faults']} faults")


def main(argv):
    p = argparse.ArgumentParser(prog="sweep", description="one failure at a time, at every place")
    p.add_argument("build")
    p.add_argument("name", nargs="?", default="")
    p.add_argument("--json", metavar="FILE")
    options = p.parse_args(argv)
    chosen = list(tests(options.build, options.name))
    if not chosen:
        print(f"sweep: no test has '{options.name}' in its name", file=sys.stderr)
        return 2
    all_rows, failed = [], []
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for (file, test), (rows, output, passed) in zip(chosen, pool.map(lambda t: run(*t), chosen)):
            for r in rows:
                print(line_of(r), flush=True)
            all_rows += rows
            if not passed or not rows:
                failed.append(test or file.name)
                print(f"{test or file.name}: FAILED\n{output}", flush=True)
    if options.json:
        Path(options.json).write_text(json.dumps(all_rows, indent=1) + "\n", encoding="utf-8")
    points = sum(r["points"] for r in all_rows)
    print(f"{len(chosen)} tests, {points:,} points, {sum(r['faults'] for r in all_rows)} faults, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
