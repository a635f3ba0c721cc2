#!/usr/bin/python3
"""Runs one program of this folder and checks what it prints.

    takeover.py CASE FOLDER
"""

import os
import shutil
import subprocess
import sys
import tempfile

TAKEN = "main\nconstructed 1, before main\nconstructed 2, before main\nthe server's\n"
FORKED = "worker processes are forked from this one"


def run(*command, **how):
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, **how)
    assert done.returncode == 0, f"exit {done.returncode}: {done.stdout}{done.stderr}"
    return done


def expect(done, out, said=""):
    assert done.stdout == out, f"printed:\n{done.stdout}\nexpected:\n{out}\n{done.stderr}"
    assert (said in done.stderr) if said else not done.stderr, done.stderr


def main(case, folder):
    archive = f"{folder}/takeover_archive"
    if case == "plugin":
        done = run(f"{folder}/takeover_host", f"{folder}/libtakeover_plugin.so")
        expect(done, "host\n42\n", FORKED)
        assert done.stderr.count(FORKED) == 1, done.stderr
    elif case == "deleted":  # the program's file is gone before its first worker
        with tempfile.TemporaryDirectory() as place:
            copy = shutil.copy(archive, place)
            with subprocess.Popen([copy, copy], stdout=subprocess.PIPE, text=True) as program:
                first = program.stdout.readline()
                os.unlink(copy)
                out = first + program.stdout.read()
            assert out == TAKEN, out
    elif case == "loader":  # another program was executed, and has loaded ours
        loader = next(p for p in ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1") if os.path.exists(p))
        expect(run(loader, archive), TAKEN)
    elif case == "closed":  # nothing stands at 0 and 2
        done = run("/bin/sh", "-c", f'"{archive}" <&- 2>&-')
        assert done.stdout == TAKEN, done.stdout
    else:
        expect(run(f"{folder}/takeover_{case}"), TAKEN)


if __name__ == "__main__":
    main(*sys.argv[1:])
