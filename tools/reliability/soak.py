#!/usr/bin/python3
"""Plays the themes of the soak, each in each build on both back ends, one after the other.

    soak.py BUILDS [THEME] [--seconds S] [--json FILE]

BUILDS: the folder with release/, asan/ and tsan/. S: of each, 60. FILE: an array with one object for each. Every run
has a seed of its own, which a failing one is shown with. Exit status: 0 nothing found, 1 a run failed, 2 usage.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys

sys.dont_write_bytecode = True

THEMES = ("waits", "lives", "streams")
PRESETS = ("release", "asan", "tsan")
BACK_ENDS = ("io_uring", "epoll")
SKIPPED = 77
IN_ALL = re.compile(r"^in all (\d+) rounds, (\d+) operations, ([\d.]+) s, (\d+) violations$", re.MULTILINE)


def prefix_of(preset):
    """ThreadSanitizer cannot live with all of the kernel's address randomisation."""
    fixed = ["setarch", "-R"]
    if not preset.startswith("tsan"):
        return []
    return fixed if subprocess.run([*fixed, "true"], stderr=subprocess.DEVNULL).returncode == 0 else []


def run(builds, theme, preset, back_end, seconds, seed):
    """(row, output, status) of one run; no row when it was skipped."""
    program = os.path.join(builds, preset, "tests", "soak", "kettle_soak")
    command = [*prefix_of(preset), program, theme, "--seconds", str(seconds), "--seed", str(seed)]
    done = subprocess.run(command, env={**os.environ, "KETTLE_BACKEND": back_end}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    if done.returncode == SKIPPED:
        return None, done.stdout, SKIPPED
    # Who did not come to the end has its rounds, and one failure more.
    rounds = [int(n) for n in re.findall(r"^round \d+: (\d+) operations", done.stdout, re.MULTILINE)]
    row = {"theme": theme, "preset": preset, "back_end": back_end, "rounds": len(rounds), "operations": sum(rounds),
           "seconds": seconds, "failures": 0, "seed": seed}
    if whole := IN_ALL.search(done.stdout):
        row["seconds"], row["failures"] = float(whole[3]), int(whole[4])
    if done.returncode != 0 and row["failures"] == 0:
        row["failures"] = 1
    return row, done.stdout, done.returncode


def line_of(row):
    verdict = "nothing found" if not row["failures"] else f"FAILED, seed {row['seed']}"
    return (f"{row['theme']:8} {row['preset']:8} {row['back_end']:9} {row['rounds']:>6,} rounds "
            f"{row['operations']:>12,} operations {row['seconds']:>7.1f} s  {verdict}")


def main(argv):
    p = argparse.ArgumentParser(prog="soak", description="random work, cut short at random")
    p.add_argument("builds")
    p.add_argument("theme", nargs="?", choices=THEMES)
    p.add_argument("--seconds", type=float, default=60)
    p.add_argument("--json", metavar="FILE")
    options = p.parse_args(argv)
    if options.seconds <= 0:
        p.error("--seconds takes a number above 0")
    rows = []
    for preset in PRESETS:
        for theme in [options.theme] if options.theme else THEMES:
            for back_end in BACK_ENDS:
                seed = random.getrandbits(32)
                row, output, status = run(options.builds, theme, preset, back_end, options.seconds, seed)
                if row is None:
                    print(f"{theme:8} {preset:8} {back_end:9} {output.strip()}", flush=True)
                    continue
                print(line_of(row), flush=True)
                if row["failures"]:
                    sys.stdout.write(output + f"(status {status})\n")
                rows.append(row)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump(rows, out, indent=1)
            out.write("\n")
    failed = sum(r["failures"] > 0 for r in rows)
    print(f"{len(rows)} runs, {sum(r['operations'] for r in rows):,} operations, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
