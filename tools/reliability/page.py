#!/usr/bin/python3
"""Writes docs/reliability.md out of the JSON that the verbs leave.

    page.py ROOT [--explore FILE] [--mutants FILE] [--sweep FILE] [--soak FILE] [--commit C]

What is not given stays as the page had it. Each part says of which commit (the newest, or C) and of which day it is.
"""

import argparse
import datetime
import json
import re
import subprocess
import sys
from pathlib import Path

PAGE = "docs/reliability.md"
HEAD = """# What was tried to break kettle, and what came of it

Each table is written by the verb that is named above it, out of what the verb measured; nothing is entered by hand.
How the explorer works and what it does not see: [the guide](guide/testing.md).
"""
BEGIN, END = "<!-- {}: begin -->", "<!-- {}: end -->"


def explored(rows):
    """The table of `./dev explore`: a line for each strategy of a part."""
    parts = {}
    for r in rows:
        parts.setdefault((r["part"], r["strategy"]), []).append(r)
    yield "`./dev explore`: the library's own parts under every schedule with at most two preemptions, without and"
    yield "with store buffers (x86-TSO); what time is left goes to rotating strategies (POS, PCT 2 and 3, random)."
    yield ""
    yield "| part | strategy | twins | exhausted | schedules | points | k schedules/s | failures |"
    yield "|---|---|--:|--:|--:|--:|--:|---|"
    for (part, strategy), mine in sorted(parts.items()):
        twins = len({r["twin"] for r in mine})
        searched = strategy.startswith("dfs")
        whole = sum(r["exhausted"] for r in mine) if searched else "-"
        schedules, points, seconds = (sum(r[key] for r in mine) for key in ("schedules", "points", "seconds"))
        failed = sorted({f"known: {r['fault']}" if "fault" in r else r["twin"] for r in mine if r["failures"]})
        yield (f"| {part} | {strategy} | {twins} | {whole} | {schedules:,} | {points:,} | "
               f"{schedules / max(seconds, 1e-9) / 1000:.0f} | {'; '.join(failed) or 'none'} |")
    yield ""
    twins = {(r["part"], r["twin"]) for r in rows}
    both = sum(sum(r["exhausted"] for r in rows if (r["part"], r["twin"]) == t and r["strategy"].startswith("dfs")) == 2
               for t in twins)
    yield (f"In all {len(twins)} twins, {both} of them exhausted in both models; {sum(r['schedules'] for r in rows):,} "
           f"schedules, {sum(r['points'] for r in rows):,} points.")


def planted(rows):
    """The table of `./dev mutants`."""
    parts = {}
    for r in rows:
        parts.setdefault(r["part"], []).append(r)
    killed = [r for r in rows if r.get("killed_by")]
    yield "`./dev mutants`: errors planted one by one in the parts above (by somebody who had seen the sources only;"
    yield f"and the faults that they once had), and who notices: **{len(killed)} of {len(rows)} killed**."
    yield ""
    yield "| part | planted | by its twins | by other twins | by the tests | by TSan | survive |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for part, mine in sorted(parts.items()):
        by = [r.get("killed_by") or "" for r in mine]
        own = sum(b.startswith(f"twin {part}.") for b in by)
        others = sum(b.startswith("twin ") for b in by) - own
        tsan = sum(b.startswith("TSan ") for b in by)
        nobody = sum(not b for b in by)
        tests = len(by) - own - others - tsan - nobody
        yield f"| {part} | {len(mine)} | {own} | {others} | {tests} | {tsan} | {nobody} |"
    left = [r for r in rows if not r.get("killed_by")]
    if left:
        yield ""
        yield "Survivors:"
        yield ""
        for r in left:
            yield f"- `{r['name']}`: {r.get('why') or r.get('error') or 'no reason is known'}"


def soaked(rows):
    """The table of `./dev soak`: a line for each run."""
    yield "`./dev soak`: random work from loops, fibers and threads, cut short at random, with what must hold all the"
    yield "same: `tests/soak/`."
    yield ""
    yield "| theme | preset | back end | rounds | operations | seconds | failures |"
    yield "|---|---|---|--:|--:|--:|--:|"
    for r in rows:
        yield (f"| {r['theme']} | {r['preset']} | {r['back_end']} | {r['rounds']:,} | {r['operations']:,} | "
               f"{r['seconds']:.0f} | {r['failures']} |")
    yield ""
    yield f"In all {len(rows)} runs, {sum(r['operations'] for r in rows):,} operations."


SWEEPS = {
    "memory": "the k-th `new`, or move of a value, fails, for every k",
    "cancellation": "the k-th wait is cancelled, or meets its deadline, for every k",
    "behaviours": "the same in each of tests/behaviours: whether it ends and leaves nothing behind",
    "calls": "the k-th call of a function of libc, for the first five k and the last, with each error that can be",
}


def swept(rows):
    """The tables of `./dev sweep`: a line for each kind; of the calls, one for each function."""
    sums = ("points", "absorbed", "reported", "known", "faults")

    def counts(mine):
        return " | ".join(f"{sum(r[key] for r in mine):,}" for key in sums)

    yield "`./dev sweep`: one failure at a time, at every place of every body. Right is: what was asked for is done all"
    yield "the same, or its scope has ended it (absorbed), or an exception says what the system refused (reported);"
    yield "nothing is lost, left open or hangs, and afterwards all works. Known faults are in"
    yield "[the limits](limits.md#known-faults)."
    yield ""
    yield "| sweep | what fails | bodies | points | absorbed | reported | known faults | others |"
    yield "|---|---|--:|--:|--:|--:|--:|--:|"
    kinds = sorted({r["sweep"] for r in rows})
    for kind in kinds:
        mine = [r for r in rows if r["sweep"] == kind]
        yield f"| {kind} | {SWEEPS.get(kind, '')} | {len({r['body'] for r in mine})} | {counts(mine)} |"
    calls = {}
    for r in rows:
        if r["sweep"] == "calls":
            calls.setdefault(r["where"].split(",")[0], []).append(r)
    if calls:
        yield ""
        yield "The calls, with both back ends; of io_uring's own work only the ring's three calls can be made to fail:"
        yield ""
        yield "| call | bodies | errors | points | absorbed | reported | known faults | others |"
        yield "|---|--:|--:|--:|--:|--:|--:|--:|"
        for call, mine in sorted(calls.items()):
            errors = max(r["errors"] for r in mine)
            yield f"| `{call}` | {len({r['body'] for r in mine})} | {errors} | {counts(mine)} |"


TABLES = {
    "explore": ("Schedules", explored),
    "mutants": ("Planted errors", planted),
    "sweep": ("Sweeps", swept),
    "soak": ("Soak", soaked),
}


def section(root, name, file, commit):
    title, lines = TABLES[name]
    log = ["git", "log", "-1", "--format=%h", commit]
    short = subprocess.run(log, cwd=root, check=True, text=True, stdout=subprocess.PIPE).stdout
    day = datetime.date.today().isoformat()
    rows = json.loads(Path(file).read_text(encoding="utf-8"))
    body = "\n".join(lines(rows))
    return f"{BEGIN.format(name)}\n## {title}\n\nOf {day}, commit {short.strip()}.\n\n{body}\n{END.format(name)}"


def page(root, given, before):
    """The page with the given sections new, and the others as they were in `before`."""
    out = [HEAD.rstrip("\n")]
    for name in TABLES:
        old = re.search(re.escape(BEGIN.format(name)) + ".*?" + re.escape(END.format(name)), before, re.DOTALL)
        if given.get(name):
            out.append(section(root, name, given[name], given.get("commit") or "HEAD"))
        elif old:
            out.append(old.group())
    return "\n\n".join(out) + "\n"


def main(argv):
    p = argparse.ArgumentParser(prog="page", description=PAGE)
    p.add_argument("root", type=Path)
    for name in TABLES:
        p.add_argument("--" + name, metavar="FILE")
    p.add_argument("--commit", metavar="C")
    options = vars(p.parse_args(argv))
    file = options["root"] / PAGE
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    file.write_text(page(options["root"], options, before), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
