#!/usr/bin/python3
"""Checks that a file does not compile, for the reason it names, with each compiler that is installed.

    compile_fail.py CASE.cpp

The case begins with what the first error must contain, and may name the compilers it speaks of:

    // expect: is not a wait
    // only: g++

With -DOK it must compile: so it is the mistake that is refused, and not a misspelt include.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMPILERS = ("g++", "clang++-19")
FLAGS = ("-std=c++20", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-I{ROOT}/include")
ERROR = re.compile(r"\berror: (.*)")


def header(text, word):
    """The values of the `// word: value` lines the file begins with."""
    values = []
    for line in text.splitlines():
        if not line.startswith("//"):
            break
        if m := re.match(rf"// {word}: (.+)$", line):
            values.append(m[1].strip())
    return values


def compile(compiler, case, *flags):
    return subprocess.run([compiler, *FLAGS, *flags, str(case)], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=os.environ | {"LC_ALL": "C"})


def complaints(case, compilers):
    """What is wrong with the case, one line each."""
    text = Path(case).read_text()
    expected = header(text, "expect")
    if not expected:
        yield "begins with no '// expect: text' line"
        return
    for compiler in compilers:
        good = compile(compiler, case, "-DOK")
        if good.returncode:
            yield f"{compiler}: does not compile with -DOK:\n{good.stdout}"
        bad = compile(compiler, case)
        first = ERROR.search(bad.stdout)
        if not bad.returncode:
            yield f"{compiler}: compiles, though it must not"
        elif not first or any(e not in first[1] for e in expected):
            yield f"{compiler}: the first error does not say '{' and '.join(expected)}':\n{bad.stdout}"


def main(case):
    wanted = header(Path(case).read_text(), "only") or list(COMPILERS)
    compilers = [c for c in wanted if shutil.which(c)]
    if not compilers:
        print(f"none of {', '.join(wanted)} is installed")
        return 1
    failed = list(complaints(case, compilers))
    for text in failed:
        print(f"{case}: {text}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
