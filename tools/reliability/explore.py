#!/usr/bin/python3
"""Runs the twins at length, as many at once as there are cores, and prints what each explored.

    explore.py PROGRAM [NAME] [--seconds S] [--json FILE]

NAME: only the twins whose `part.name` has NAME in it. S: of each twin, 60. FILE: an array with one object for each
strategy of each twin. Exit status: 0 nothing found, 1 a twin failed, 2 usage.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True

ENOUGH = "1000000000000"  # schedules: time is the limit


def twins(program, name=""):
    """The names of the twins, as GoogleTest knows them."""
    command = program if isinstance(program, list) else [program]
    listed = subprocess.run([*command, "--gtest_list_tests"], check=True, text=True, stdout=subprocess.PIPE).stdout
    part = ""
    for line in listed.splitlines():
        if line and not line.startswith((" ", "Running")):
            part = line.split()[0]
        elif line.startswith("  ") and name in part + line.split()[0]:
            yield part + line.split()[0]


def run(program, twin, seconds, schedules=ENOUGH, timeout=None, more=()):
    """(rows, output, passed) of one twin; of several, joined by colons."""
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as rows:
        environment = {
            **os.environ,
            "KETTLE_EXPLORE_SECONDS": str(seconds),
            "KETTLE_EXPLORE_SCHEDULES": str(schedules),
            "KETTLE_EXPLORE_JSON": rows.name,
        }
        environment.pop("KETTLE_SEED", None)
        try:
            done = subprocess.run([program, f"--gtest_filter={twin}", *more], env=environment,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  timeout=timeout or 3 * seconds + 60)
            said, passed = done.stdout, done.returncode == 0
        except subprocess.TimeoutExpired as late:
            said, passed = (late.stdout or b"") + f"\n{twin}: did not end\n".encode(), False
        output = said.decode(errors="replace")
        with open(rows.name, encoding="utf-8") as lines:
            return [json.loads(line) for line in lines], output, passed


def line_of(twin, rows, passed):
    schedules = sum(r["schedules"] for r in rows)
    seconds = sum(r["seconds"] for r in rows)
    searches = [r for r in rows if r["strategy"].startswith("dfs")]
    exhausted = len(searches) == 2 and all(r["exhausted"] for r in searches)
    fault = next((r["fault"] for r in rows if "fault" in r), None)
    verdict = "shows " + fault if fault else "exhausted at bound 2" if exhausted else "nothing found"
    if not passed:
        verdict = "FAILED"
    return f"{twin:62} {schedules:>12,} schedules {schedules / max(seconds, 1e-9) / 1000:>6.0f} k/s  {verdict}"


def main(argv):
    p = argparse.ArgumentParser(prog="explore", description="the twins at length")
    p.add_argument("program")
    p.add_argument("name", nargs="?", default="")
    p.add_argument("--seconds", type=float, default=60)
    p.add_argument("--json", metavar="FILE")
    options = p.parse_args(argv)
    if options.seconds <= 0:
        p.error("--seconds takes a number above 0")
    names = list(twins(options.program, options.name))
    if not names:
        print(f"explore: no twin has '{options.name}' in its name", file=sys.stderr)
        return 2
    all_rows, failed = [], []
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        results = pool.map(lambda twin: run(options.program, twin, options.seconds), names)
        for twin, (rows, output, passed) in zip(names, results):
            print(line_of(twin, rows, passed), flush=True)
            all_rows += rows
            if not passed:
                failed.append(twin)
                sys.stdout.write(output)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump(all_rows, out, indent=1)
            out.write("\n")
    schedules = sum(r["schedules"] for r in all_rows)
    print(f"{len(names)} twins, {schedules:,} schedules, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
