#!/usr/bin/python3
"""Writes docs/reliability.md out of the JSON that the verbs leave.

    page.py ROOT [--explore FILE] [--mutants FILE]

What is not given stays as the page had it. Each part says of which commit and day it is.
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
    """The table of `./dev explore`, a line a part."""
    parts = {}
    for r in rows:
        parts.setdefault(r["part"], []).append(r)
    yield "`./dev explore`: the library's own parts under every schedule with at most two preemptions, without and"
    yield "with store buffers (x86-TSO); what time is left goes to rotating strategies (POS, PCT 2 and 3, random)."
    yield ""
    yield "| part | twins | exhausted | schedules | points | k schedules/s | failures |"
    yield "|---|--:|--:|--:|--:|--:|---|"
    total = {"twins": 0, "exhausted": 0, "schedules": 0, "points": 0}
    for part, mine in sorted(parts.items()):
        twins = sorted({r["twin"] for r in mine})
        searches = [r for r in mine if r["strategy"].startswith("dfs")]
        whole = [t for t in twins if sum(r["exhausted"] for r in searches if r["twin"] == t) == 2]
        schedules = sum(r["schedules"] for r in mine)
        points = sum(r["points"] for r in mine)
        seconds = sum(r["seconds"] for r in mine)
        faults = sorted({r["fault"] for r in mine if "fault" in r})
        failed = sorted({r["twin"] for r in mine if r["failures"] and "fault" not in r})
        said = "; ".join([*failed, *("known: " + f for f in faults)]) or "none"
        yield (f"| {part} | {len(twins)} | {len(whole)} | {schedules:,} | {points:,} | "
               f"{schedules / max(seconds, 1e-9) / 1000:.0f} | {said} |")
        for key, n in (("twins", len(twins)), ("exhausted", len(whole)), ("schedules", schedules), ("points", points)):
            total[key] += n
    yield f"| all | {total['twins']} | {total['exhausted']} | {total['schedules']:,} | {total['points']:,} | | |"


def planted(rows):
    """The table of `./dev mutants`."""
    parts = {}
    for r in rows:
        parts.setdefault(r["part"], []).append(r)
    killed = [r for r in rows if r.get("killed_by")]
    yield "`./dev mutants`: errors planted one by one in the parts above, by somebody who had seen the sources only,"
    yield f"and who notices: **{len(killed)} of {len(rows)} killed**."
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


TABLES = {"explore": ("Schedules", explored), "mutants": ("Planted errors", planted)}


def section(root, name, file):
    title, lines = TABLES[name]
    log = ["git", "log", "-1", "--format=%h"]
    commit = subprocess.run(log, cwd=root, check=True, text=True, stdout=subprocess.PIPE).stdout
    day = datetime.date.today().isoformat()
    rows = json.loads(Path(file).read_text(encoding="utf-8"))
    body = "\n".join(lines(rows))
    return f"{BEGIN.format(name)}\n## {title}\n\nOf {day}, commit {commit.strip()}.\n\n{body}\n{END.format(name)}"


def page(root, given, before):
    """The page with the given sections new, and the others as they were in `before`."""
    out = [HEAD.rstrip("\n")]
    for name in TABLES:
        old = re.search(re.escape(BEGIN.format(name)) + ".*?" + re.escape(END.format(name)), before, re.DOTALL)
        if given.get(name):
            out.append(section(root, name, given[name]))
        elif old:
            out.append(old.group())
    return "\n\n".join(out) + "\n"


def main(argv):
    p = argparse.ArgumentParser(prog="page", description=PAGE)
    p.add_argument("root", type=Path)
    for name in TABLES:
        p.add_argument("--" + name, metavar="FILE")
    options = vars(p.parse_args(argv))
    file = options["root"] / PAGE
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    file.write_text(page(options["root"], options, before), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
