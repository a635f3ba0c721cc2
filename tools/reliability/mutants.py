#!/usr/bin/python3
"""Plants one error after the other in copies of the tree, and asks who notices.

    mutants.py ROOT [NAME] [--twins-only] [--json FILE]

tests/mutants/<part>_<what>.patch: first line `# what is wrong, and when`, then a diff. Each is applied to a copy of the
committed tree in build/mutants, built, and tried by the twins of its part, all other twins, the tests of the part's
rooms, and those under ThreadSanitizer, until one of them fails: it is killed. tests/mutants/survivors.txt names those
that nobody can kill, each with the reason. NAME: only those whose name has NAME in it. --twins-only: without the tests,
which take longer.

Exit status: 0 all killed but those that survive as said, 1 another one survived, or one no longer applies or builds.
"""

import argparse
import json
import os
import queue
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True

import explore

SYNC, CORE, THREADS = ("sync_test",), ("core_test", "coro_test", "threads_test"), ("threads_test",)
# Each part, and the test programs of the ordinary build that know it.
PARTS = {
    "select": SYNC, "event": SYNC, "mutex": SYNC, "semaphore": SYNC, "condition": SYNC, "limiter": SYNC,
    "shared_mutex": SYNC, "barrier": SYNC, "latch": SYNC, "channel": SYNC, "queue": SYNC, "future": CORE,
    "scope_handle": CORE, "remote_child": CORE, "loop_inbox": (*CORE, "behaviours_test"), "loop_end": CORE,
    "interrupter": CORE,
    "deque": THREADS, "injection": THREADS, "parking": THREADS, "pool_close": THREADS, "blocking_pool": THREADS,
    "table": ("processes_test",), "green_lot": ("green_loop_test",),
}
OWN_S, OTHERS_S = 3, 0.2  # of each twin of the part, of each other twin
LIMIT_S = 240  # of one test program


def part_of(name):
    """The part a patch is about: the longest that its name begins with."""
    return max((p for p in PARTS if name.startswith(p + "_")), key=len, default=None)


def sentence_of(patch):
    first = patch.read_text(encoding="utf-8").split("\n", 1)[0]
    return first[2:] if first.startswith("# ") else None


def survivors(file):
    """{name: why nobody kills it}"""
    if not file.exists():
        return {}
    lines = (line for line in file.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
    return dict(line.split(": ", 1) for line in lines)


def run(argv, cwd=None, check=True, timeout=None, env=None):
    done = subprocess.run([str(a) for a in argv], cwd=cwd, text=True, errors="replace", stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout,
                          env={**os.environ, **(env or {})})
    if check and done.returncode:
        sys.stderr.write(done.stdout)
        raise SystemExit(f"mutants: {argv[0]} failed")
    return done


class Copy:
    """A copy of the committed tree, and what is built of it."""

    def __init__(self, root, number):
        self.folder = root / "build" / "mutants" / str(number)
        self.tree, self.plain, self.tsan = self.folder / "tree", self.folder / "plain", self.folder / "tsan"
        self.configured = set()
        self.sound = {}  # (build, test program): it passes as it is
        if not (self.tree / ".git").exists():
            self.tree.parent.mkdir(parents=True, exist_ok=True)
            run(["git", "clone", "-q", "--shared", "--no-checkout", root, self.tree])
        head = run(["git", "rev-parse", "HEAD"], root).stdout.strip()
        run(["git", "fetch", "-q", root, head], self.tree)
        run(["git", "checkout", "-q", "--force", "--detach", head], self.tree)

    @property
    def twins(self):
        return self.plain / "tests" / "explore" / "kettle_twins"

    def apply(self, patch, back=False):
        return run(["git", "apply", *(["-R"] if back else []), patch], self.tree, check=False).returncode == 0

    def build(self, where, *targets):
        """Empty, or the log of a build that failed."""
        if where not in self.configured:
            sanitized = where == self.tsan
            run(["cmake", "-S", self.tree, "-B", where, "-G", "Ninja", "-DKETTLE_SHARED=OFF",
                 f"-DCMAKE_CXX_COMPILER={'clang++-19' if sanitized else 'g++'}", "-DCMAKE_CXX_FLAGS=-O1",
                 f"-DKETTLE_SANITIZE={'thread' if sanitized else ''}"])
            self.configured.add(where)
        # What one copy has compiled serves the other.
        done = run(["ninja", "-C", where, *targets], check=False, env={"CCACHE_BASEDIR": str(self.folder)})
        return "" if done.returncode == 0 else done.stdout


def failing_twin(copy, names, seconds):
    """The first of the twins that fails, or None; all in one process, which a crash ends."""
    names = list(names)
    if not names:
        return None
    _, output, passed = explore.run(copy.twins, ":".join(names), seconds,
                                    timeout=LIMIT_S, more=["--gtest_fail_fast"])
    if passed:
        return None
    failed = [line.split()[3] for line in output.splitlines() if line.startswith("[  FAILED  ] ") and "(" in line]
    begun = [line.split()[-1] for line in output.splitlines() if line.startswith("[ RUN ")]
    if failed:
        return f"twin {failed[0]}"
    return f"twin {begun[-1]} (it crashes or hangs)" if begun else "twins (they crash)"


def failing_program(build, rooms, prefix):
    """The first test that fails in the programs of the rooms, or None."""
    for room in rooms:
        program = next(build.rglob(room), None)
        if not program:
            continue
        try:
            done = run([*prefix, program, "--gtest_brief=1"], check=False, timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            return f"{room} (it hangs)"
        if done.returncode:
            failed = [line.split()[3] for line in done.stdout.splitlines() if line.startswith("[  FAILED  ]")]
            return f"{room} {failed[0]}" if failed else f"{room} (it crashes)"
    return None


def by_twins(copy, patch, names):
    """The row of one planted error that the twins have tried."""
    row = {"name": patch.stem, "part": part_of(patch.stem), "what": sentence_of(patch), "killed_by": None}
    if not copy.apply(patch):
        return {**row, "error": "it no longer applies"}
    try:
        if log := copy.build(copy.plain, "kettle_twins"):
            sys.stderr.write(log)
            return {**row, "error": "it does not build"}
        own = [n for n in names if n.startswith(row["part"] + ".")]
        row["killed_by"] = failing_twin(copy, own, OWN_S)
        row["killed_by"] = row["killed_by"] or failing_twin(copy, [n for n in names if n not in own], OTHERS_S)
        return row
    finally:
        copy.apply(patch, back=True)


def by_tests(copy, patch):
    """Which test of the ordinary build notices, then which under ThreadSanitizer; None: none."""
    for where, prefix, who in ((copy.plain, [], ""), (copy.tsan, ["setarch", "-R"], "TSan ")):
        for room in PARTS[part_of(patch.stem)]:
            if (where, room) not in copy.sound:  # those that fail without an error planted say nothing
                built = not copy.build(where, room)
                copy.sound[where, room] = built and not failing_program(where, [room], prefix)
        sound = [room for room in PARTS[part_of(patch.stem)] if copy.sound[where, room]]
        copy.apply(patch)
        try:
            if sound and not copy.build(where, *sound) and (found := failing_program(where, sound, prefix)):
                return who + found
        finally:
            copy.apply(patch, back=True)
    return None


def in_turn(patches):
    """One of each part after the other, so that a run that is ended early has tried them all; last what changes a
    public header, since all twins are then built anew."""
    seen, keyed = {}, []
    for patch in patches:
        part = part_of(patch.stem)
        seen[part] = seen.get(part, 0) + 1
        keyed.append(("+++ b/include/" in patch.read_text(encoding="utf-8"), seen[part], patch))
    return [patch for *_, patch in sorted(keyed)]


def keep(rows, file):
    """Writes what is known so far."""
    if file:
        Path(file).write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def verdict(row):
    if why := row.get("error") or row["killed_by"]:
        return why
    return f"survives: {row['why']}" if "why" in row else "SURVIVES"


def main(argv):
    p = argparse.ArgumentParser(prog="mutants", description="planted errors, and who notices")
    p.add_argument("root", type=Path)
    p.add_argument("name", nargs="?", default="")
    p.add_argument("--twins-only", action="store_true")
    p.add_argument("--json", metavar="FILE")
    options = p.parse_args(argv)
    root = options.root.resolve()
    patches = in_turn(sorted(f for f in (root / "tests" / "mutants").glob("*.patch") if options.name in f.stem))
    if not patches:
        print(f"mutants: none has '{options.name}' in its name", file=sys.stderr)
        return 2
    excused = survivors(root / "tests" / "mutants" / "survivors.txt")

    copies = queue.SimpleQueue()
    for number in range(len(os.sched_getaffinity(0))):
        copy = Copy(root, number)
        if log := copy.build(copy.plain, "kettle_twins"):
            sys.stderr.write(log)
            return 1
        copies.put(copy)
    def holds(twin):  # one that shows a known fault says nothing of another
        rows, _, passed = explore.run(copy.twins, twin, OWN_S)
        return passed and not any("fault" in row for row in rows)

    names = [n for n in explore.twins(copy.twins) if holds(n)]

    def tried(patch):
        copy = copies.get()
        try:
            row = by_twins(copy, patch, names)
            if not row["killed_by"] and "error" not in row:
                if not options.twins_only:
                    row["killed_by"] = by_tests(copy, patch)
                if not row["killed_by"] and (options.twins_only or row["name"] in excused):
                    row["why"] = excused.get(row["name"], "no twin kills it; nobody else was asked")
            print(f"{row['name']:46} {verdict(row)}", flush=True)
            return row
        finally:
            copies.put(copy)

    rows = []
    with ThreadPoolExecutor(copies.qsize()) as pool:
        for row in pool.map(tried, patches):
            rows.append(row)
            keep(rows, options.json)

    print(f"{sum(bool(r['killed_by']) for r in rows)} of {len(rows)} mutants killed")
    return 1 if any("error" in r or not (r["killed_by"] or "why" in r) for r in rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
