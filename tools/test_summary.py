#!/usr/bin/python3
"""Says what came of the tests of some build directories: each failure with its output, each skip with its reason.

    test_summary.py BUILD_DIR...        (each with the tests.xml of ctest --output-junit)

The last line is 'N passed, N failed, N skipped'. Exit status 0: nothing failed and something passed.
"""

import re
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path


def reason(output):
    """Why a test skipped itself: the line after GoogleTest's 'Skipped', or after 'SKIP: '."""
    found = re.search(r"^(?:SKIP: |.*: Skipped\n)(.*)", output, re.MULTILINE)
    return found.group(1).strip() if found and found.group(1).strip() else "no reason given"


def read(build):
    """(name, status, output) of each test that was run there; a run without a result is a failure."""
    file = build / "tests.xml"
    if not file.exists():
        return [("ctest", "failed", f"ctest left no result in {file}")]
    # A test may print what XML cannot hold.
    text = re.sub(r"[\x00-\x08\x0b-\x1f]", "?", file.read_text(errors="replace"))
    cases = ET.fromstring(text.encode()).iter("testcase")
    states = {"run": "passed", "notrun": "skipped"}
    rows = []
    for case in cases:
        output = case.findtext("system-out") or ""
        state = states.get(case.get("status"), "failed")
        skipped = case.find("skipped")
        # 'notrun' is also what ctest says of a program that is not there.
        if state == "skipped" and (skipped is None or "SKIP" not in skipped.get("message", "")):
            state, output = "failed", output or f"did not run: {case.get('status')}"
        rows.append((case.get("name"), state, output))
    return rows


def main(builds):
    counts = Counter()
    skips = Counter()
    failures = []
    for build in map(Path, builds):
        where = f" [{build.name}]" if len(builds) > 1 else ""
        for name, state, output in read(build):
            counts[state] += 1
            if state == "failed":
                failures.append(name + where)
                print(f"--- {name}{where}\n{output.rstrip()}\n")
            elif state == "skipped":
                skips[reason(output)] += 1
    for why, times in sorted(skips.items()):
        print(f"skipped {times}: {why}")
    for name in failures:
        print(f"failed: {name}")
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 0 if counts["passed"] and not counts["failed"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
