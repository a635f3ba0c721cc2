#!/usr/bin/python3
"""Makes the table of behaviours, line x place x back end, out of what each run of the suite has left.

    table.py XML_DIR TABLE.md PLACE...

Fails if a cell that must hold has no test that passed, or if an empty cell has no reason.
"""

import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

BACK_ENDS = ("virtual", "io_uring", "epoll", "denied")
KNOWS_NO_VIRTUAL_CLOCK = {
    "process": "another process knows nothing of a virtual clock",
    "green": "libc knows nothing of a virtual clock",
}
HERE = Path(__file__).resolve().parent


def words():
    """What each line says, and the reasons of the cells that are empty: lines.txt.

    `5 text` names a line; `5 thread: text` below it says why that place has no test (`all:` none has).
    `5 6 7 loop thread: text` speaks of several.
    """
    lines, reasons = {}, {}
    for raw in (HERE / "lines.txt").read_text().splitlines():
        if m := re.match(r"((?:\d+ )+)((?: ?\b(?:loop|fiber|thread|process|green|all|virtual|real))+): (.+)$", raw):
            reasons.update({(int(line), where): m[3] for line in m[1].split() for where in m[2].split()})
        elif m := re.match(r"(\d+) (.+)$", raw):
            lines[int(m[1])] = m[2]
    return lines, reasons


def cells(folder, places):
    """{(line, place, back end): [outcomes]} and the back ends that were skipped."""
    found, skipped = {}, []
    for back_end in BACK_ENDS:
        files = [f for f in (folder / f"{back_end}.xml", folder / f"{back_end}-green.xml") if f.exists()]
        if not files:
            skipped.append(back_end)
        for case in (c for f in files for c in ET.parse(f).getroot().iter("testcase")):
            m = re.match(r"b(\d+)_", case.get("name"))
            if not m or case.get("classname") not in places:
                continue
            if case.get("result") == "skipped":
                continue
            ok = case.find("failure") is None and case.get("result") == "completed"
            found.setdefault((int(m[1]), case.get("classname"), back_end), []).append(ok)
    return found, skipped


def reason_for(reasons, line, place, back_end):
    kind = "virtual" if back_end == "virtual" else "real"
    if place in KNOWS_NO_VIRTUAL_CLOCK and kind == "virtual":
        return KNOWS_NO_VIRTUAL_CLOCK[place]
    return reasons.get((line, place)) or reasons.get((line, "all")) or reasons.get((line, kind))


def make(folder, places):
    """The table as text, and what is wrong with it."""
    lines, reasons = words()
    found, skipped = cells(folder, places)
    wrong, notes = [], []
    head = [f"{p} {b}" for p in places for b in BACK_ENDS]
    out = ["| line | " + " | ".join(head) + " |", "|" + "---|" * (len(head) + 1)]
    for line, text in lines.items():
        row = []
        for place in places:
            for back_end in BACK_ENDS:
                outcomes = found.get((line, place, back_end))
                why = reason_for(reasons, line, place, back_end)
                if outcomes:
                    row.append(f"{len(outcomes)}" if all(outcomes) else "FAILED")
                    if not all(outcomes):
                        wrong.append(f"line {line}, {place}, {back_end}: failed")
                elif back_end in skipped:
                    row.append("skipped")
                elif why:
                    if why not in notes:
                        notes.append(why)
                    row.append(f"[{notes.index(why) + 1}]")
                else:
                    row.append("EMPTY")
                    wrong.append(f"line {line}, {place}, {back_end}: no test, and no reason in lines.txt")
        out.append(f"| {line} {text} | " + " | ".join(row) + " |")
    out += ["", "A number is how many tests hold the cell; a number in brackets is why there is none:"]
    out += [f"[{i + 1}] {why}  " for i, why in enumerate(notes)]
    out += [f"skipped: {b} cannot run here  " for b in skipped]
    for key in found:
        if key[0] not in lines:
            wrong.append(f"line {key[0]} has tests and stands not in lines.txt")
    filled = sum(1 for outcomes in found.values() if all(outcomes))
    out.append(f"\n{filled} cells of {len(lines) * len(head)} hold.")
    return "\n".join(out) + "\n", sorted(set(wrong))


def main(folder, target, *places):
    text, wrong = make(Path(folder), places)
    Path(target).write_text(text)
    print(text)
    for w in wrong:
        print(w)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
