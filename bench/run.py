#!/usr/bin/python3
"""Runs one group of measurements and prints kettle beside its peers: see bench/README.md.

    run.py GROUP --build DIR [--json FILE] [--rounds N] [--only NAME]

Exit status: 0 measured, 1 something of ours did not run, 2 usage, 3 too busy to judge.
"""

import argparse
import json
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True  # the tree stays clean

import groups
import harness
from sides import warn

GROUPS = ("core", "net", "cpu", "proc", "green", "cli")
LIMIT_S = 14 * 60  # a group ends within 15 minutes; the rest is for the round under way


def arguments(argv):
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    p = argparse.ArgumentParser(prog="bench", description="kettle and its peers, interleaved")
    p.add_argument("group", metavar="GROUP", help=", ".join(GROUPS))
    p.add_argument("--json", metavar="FILE", help="write the rows there as an array")
    p.add_argument("--rounds", type=int, metavar="N", help="quiet rounds wanted, instead of each row's")
    p.add_argument("--only", metavar="NAME", help="only the measurements whose name has NAME in it")
    p.add_argument("--build", metavar="DIR", default=os.path.join(root, "build", "release"))
    options = p.parse_args(argv)
    options.root = root
    options.build = os.path.abspath(options.build)
    if options.rounds is not None and options.rounds < 1:
        p.error("--rounds takes a number from 1")
    return options


def build(options):
    """Builds what is measured, peers included; the log is shown only when it fails."""
    cores = str(len(os.sched_getaffinity(0)))
    for step in (
        ["cmake", "-S", options.root, "-B", options.build, "-DKETTLE_BENCH_PEERS=ON"],
        ["cmake", "--build", options.build, "--target", "bench", "--parallel", cores],
    ):
        done = subprocess.run(
            step, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if done.returncode:
            sys.stderr.write(done.stdout)
            warn(f"the build in {options.build} failed")
            sys.exit(1)


def chosen(options):
    """The works of the group that was asked for; exits with one line when there is none."""
    known = {g: getattr(groups, g) for g in GROUPS if hasattr(groups, g)}
    if options.group not in known:
        exists = options.group in GROUPS
        why = "is not measured yet" if exists else "is no group"
        warn(f"{options.group} {why}; there are: {', '.join(known)}")
        sys.exit(2)
    works = known[options.group](groups.Places(options.root, options.build))
    if options.only:
        works = [w for w in works if any(options.only in n for n in [w.name, *(r.name for r in w.rows)])]
        if not works:
            warn(f"no measurement of {options.group} has '{options.only}' in its name")
            sys.exit(2)
    return works


def measure(group, works, rounds, clock=time.monotonic, take=harness.take, say=warn):
    """All rows of the group. Each work has its share of the time; what one leaves goes to the rest."""
    end = clock() + LIMIT_S
    rows = []
    for i, work in enumerate(works):
        cost = [w.seconds * (rounds or w.rounds) for w in works[i:]]
        now = clock()
        deadline = now + (end - now) * cost[0] / sum(cost)
        taken = take(work, rounds or work.rounds, deadline=deadline, clock=clock, say=say)
        rows += [harness.judge(group, row, taken) for row in work.rows]
    return rows


def figure(value):
    """Three digits and no exponent: what a reader compares."""
    if value is None:
        return "-"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:.{digits}f}"


def table(rows):
    """The rows as text: what was asked, what came out, whether it is enough, then the peers."""
    head = ["", "kettle", "floor", "ratio", "target", "ok", "spread", "rounds"]
    lines = [head]
    for r in rows:
        sign = "<=" if r["better"] == "lower" else ">="
        unit = r["unit"] if r["against"] == "target" else "x " + r["against"]
        ok = {True: "yes", False: "NO", None: "busy" if r["busy"] else "-"}[r["ok"]]
        lines.append(
            [
                r["name"],
                f"{figure(r['kettle'])} {r['unit']}",
                figure(r["floor"]),
                figure(r["ratio"]),
                f"{sign} {figure(r['target'])} {unit}",
                ok,
                "-" if r["spread"] is None else f"{100 * r['spread']:.0f} %",
                str(r["rounds"]),
            ]
        )
    wide = [max(len(line[i]) for line in lines) for i in range(len(head))]
    text = []
    for line, row in zip(lines, [None, *rows]):
        text.append("  ".join(cell.ljust(w) for cell, w in zip(line, wide)).rstrip())
        if row and row["peers"]:
            text.append("    " + ", ".join(f"{n} {figure(v)}" for n, v in row["peers"].items()))
    for note in dict.fromkeys(note for row in rows for note in row["notes"]):
        text.append(f"note: {note}")
    return "\n".join(text)


def status(rows):
    """A program of ours that failed counts more than a busy machine: repeating would not help."""
    if any(r["kettle"] is None for r in rows):
        return 1
    return 3 if any(r["busy"] for r in rows) else 0


def main(argv):
    options = arguments(argv)
    works = chosen(options)
    if not os.path.isfile(os.path.join(options.build, "CMakeCache.txt")):
        warn(f"{options.build} is no build directory: ./dev bench {options.group} makes one")
        return 2
    build(options)
    rows = measure(options.group, works, options.rounds)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump(rows, out, indent=1)
            out.write("\n")
    print(table(rows))
    missed = [r["name"] for r in rows if r["ok"] is False]
    if missed:
        warn(f"{len(missed)} of {len(rows)} targets missed: {'; '.join(missed)}")
    if any(r["busy"] for r in rows):
        warn("others used the machine in most rounds: no verdict on the rows marked busy")
    return status(rows)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
