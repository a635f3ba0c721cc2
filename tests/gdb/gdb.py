#!/usr/bin/python3
"""Runs gdb in batch mode on program.cpp, as process, core or stripped program: see CMakeLists.txt."""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SKIPPED = 77
WANTED = [
    r"^thread \d+.*:$",
    r"^ +#\d+ root \(coroutine\) waits for \S+ at program.cpp:\d+",
    r"^ +#\d+ db-wanter \(coroutine\) waits for mutex_lock, held by #\d+ db-holder \(coroutine\) at program.cpp:\d+",
    r"^ +#\d+ db-holder \(coroutine\) waits for \S+ at program.cpp:\d+",
    r"^ +#\d+ on a fiber \(fiber\) waits for ",
    r"^ +#\d+ on a thread \(thread\) waits for ",
    r"^ +#\d+ closer \(coroutine\) waits for \S+ at program.cpp:\d+",
    r"^ +#\d+ deaf \(thread\) waits for .*, cancelled: closing time$",
    r"^thread \d+: last ran task deaf",
]


def gdb(script, *arguments):
    done = subprocess.run(["gdb", "-nx", "-batch", "-iex", "set debuginfod enabled off", "-x", script, *arguments],
                          stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout


def started(program):
    p = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
    assert p.stdout.readline() == "ready\n"
    return p


def main():
    case, program, script = sys.argv[1:]
    if not shutil.which("gdb"):
        print("skipped: no gdb here")
        return SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        if case == "stripped":
            bare = Path(folder) / "bare"
            subprocess.run(["strip", "-o", bare, program], check=True)
            program = str(bare)
        p = started(program)
        try:
            if case == "core":
                core = Path(folder) / "core"
                said = gdb(script, "-p", str(p.pid), "-ex", f"generate-core-file {core}")
                if not core.exists():
                    print(f"skipped: gdb may not look into a process here: {said}")
                    return SKIPPED
                said = gdb(script, program, str(core), "-ex", "kettle tasks")
            else:
                said = gdb(script, "-p", str(p.pid), "-ex", "kettle tasks")
        finally:
            p.kill()
            p.wait()
    if "ptrace: " in said:
        print(f"skipped: gdb may not look into a process here: {said}")
        return SKIPPED
    if case == "stripped":
        wanted = [r"this program has no kettle in it, or is stripped"]
    else:
        wanted = WANTED
    missing = [w for w in wanted if not re.search(w, said, re.M)]
    if missing:
        print(said)
        print("not found:", *missing, sep="\n  ")
    return bool(missing)


sys.exit(main())
