#!/usr/bin/python3
"""Plants one error after the other in a copy of the tree, and asks who notices.

    mutants.py ROOT [NAME] [--json FILE]

tests/mutants/<part>_<what>.patch: first line `# what is wrong, and when`, then a diff. Each is applied to a copy of the
committed tree in build/mutants, built, and tried by the twins of its part, all other twins, the tests of the rooms, and
those under ThreadSanitizer, until one of them fails: it is killed. tests/mutants/survivors.txt names those that nobody
can kill, each with the reason. NAME: only those whose name has NAME in it.

Exit status: 0 all killed but those that survive as said, 1 another one survived, or one no longer applies or builds.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True

import explore

PARTS = ("select", "future", "event", "mutex", "semaphore", "condition", "limiter", "shared_mutex", "barrier", "latch",
         "channel", "queue", "scope_handle", "remote_child", "loop_inbox", "loop_end", "interrupter", "deque",
         "injection", "parking", "pool_close", "blocking_pool", "table", "green_lot")
ROOMS = ("core_test", "sync_test", "threads_test", "coro_test", "processes_test", "loop_test")
SECONDS = 5  # of each twin of the part
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


class Copy:
    """The tree in build/mutants, and what is built of it."""

    def __init__(self, root):
        self.root = root
        self.tree = root / "build" / "mutants" / "tree"
        self.explored = root / "build" / "mutants" / "explored"
        self.tsan = root / "build" / "mutants" / "tsan"
        self.configured = set()
        if not (self.tree / ".git").exists():
            self.tree.parent.mkdir(parents=True, exist_ok=True)
            run(["git", "clone", "-q", "--shared", "--no-checkout", root, self.tree])
        head = run(["git", "rev-parse", "HEAD"], root).stdout.strip()
        run(["git", "fetch", "-q", root, head], self.tree)
        run(["git", "checkout", "-q", "--force", "--detach", head], self.tree)

    def apply(self, patch, back=False):
        return run(["git", "apply", *(["-R"] if back else []), patch], self.tree, check=False).returncode == 0

    def build(self, where, *targets):
        """Whether the targets are built; its log otherwise."""
        if where not in self.configured:
            sanitized = where == self.tsan
            run(["cmake", "-S", self.tree, "-B", where, "-G", "Ninja", "-DKETTLE_SHARED=OFF",
                 f"-DCMAKE_CXX_COMPILER={'clang++-19' if sanitized else 'g++'}", "-DCMAKE_CXX_FLAGS=-O1 -g1",
                 f"-DKETTLE_SANITIZE={'thread' if sanitized else ''}"])
            self.configured.add(where)
        done = run(["ninja", "-C", where, *targets], check=False)
        return "" if done.returncode == 0 else done.stdout

    @property
    def twins(self):
        return self.explored / "tests" / "explore" / "kettle_twins"


def run(argv, cwd=None, check=True, timeout=None):
    done = subprocess.run([str(a) for a in argv], cwd=cwd, text=True, errors="replace", stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)
    if check and done.returncode:
        sys.stderr.write(done.stdout)
        raise SystemExit(f"mutants: {argv[0]} failed")
    return done


def failing_twin(copy, names):
    for twin in names:
        if not explore.run(copy.twins, twin, SECONDS, timeout=20 * SECONDS)[2]:
            return f"twin {twin}"
    return None


def failing_program(build, prefix):
    for room in ROOMS:
        try:
            done = run([*prefix, build / room, "--gtest_brief=1"], check=False, timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            return f"{room} (it hangs)"
        if done.returncode:
            failed = [line.split()[-1] for line in done.stdout.splitlines() if line.startswith("[  FAILED  ]")]
            return f"{room} {failed[-1]}" if failed else f"{room} (it crashes)"
    return None


def killer(copy, part, names):
    """Who notices the error that is planted; None: nobody. May raise for one that does not build."""
    if log := copy.build(copy.explored, "kettle_twins"):
        raise RuntimeError(log)
    of_part = [n for n in names if n.startswith(part + ".")]
    others = [n for n in names if n not in of_part]
    found = failing_twin(copy, of_part) or failing_twin(copy, others)
    if found:
        return found
    if not copy.build(copy.explored, *ROOMS) and (found := failing_program(copy.explored, [])):
        return found
    if not copy.build(copy.tsan, *ROOMS) and (found := failing_program(copy.tsan, ["setarch", "-R"])):
        return "TSan " + found
    return None


def main(argv):
    p = argparse.ArgumentParser(prog="mutants", description="planted errors, and who notices")
    p.add_argument("root", type=Path)
    p.add_argument("name", nargs="?", default="")
    p.add_argument("--json", metavar="FILE")
    options = p.parse_args(argv)
    root = options.root.resolve()
    patches = sorted(f for f in (root / "tests" / "mutants").glob("*.patch") if options.name in f.stem)
    if not patches:
        print(f"mutants: none has '{options.name}' in its name", file=sys.stderr)
        return 2
    excused = survivors(root / "tests" / "mutants" / "survivors.txt")
    copy = Copy(root)
    if log := copy.build(copy.explored, "kettle_twins"):
        sys.stderr.write(log)
        return 1
    names = [n for n in explore.twins(copy.twins) if explore.run(copy.twins, n, SECONDS)[2]]
    rows, wrong = [], 0
    for patch in patches:
        row = {"name": patch.stem, "part": part_of(patch.stem), "what": sentence_of(patch)}
        if not copy.apply(patch):
            row["error"] = "it no longer applies"
        else:
            try:
                row["killed_by"] = killer(copy, row["part"], names)
            except RuntimeError as error:
                row["error"] = "it does not build"
                sys.stderr.write(str(error))
            finally:
                copy.apply(patch, back=True)
        survived = "error" not in row and not row["killed_by"]
        if survived and patch.stem in excused:
            row["why"] = excused[patch.stem]
        wrong += "error" in row or (survived and "why" not in row)
        rows.append(row)
        verdict = row.get("error") or row["killed_by"] or f"SURVIVES{': ' + row['why'] if 'why' in row else ''}"
        print(f"{patch.stem:46} {verdict}", flush=True)
    killed = sum(bool(r.get("killed_by")) for r in rows)
    print(f"{killed} of {len(rows)} mutants killed")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump(rows, out, indent=1)
            out.write("\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
