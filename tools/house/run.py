"""Running compilers for the rules, as many at once as there are cores."""

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

from tree import Finding

CORES = len(os.sched_getaffinity(0))
COMPILERS = ("g++", "clang++-19")
FLAGS = ("-std=c++20", "-Wall", "-Wextra", "-Werror", "-Iinclude", "-Isrc", "-Iapps/kettle", "-DFMT_SHARED")
_PLACE = re.compile(
    r"^(?P<path>[^\s:]+):(?P<line>\d+):(?:\d+:)? (?:fatal )?(?P<text>(?:error|warning): .*)$", re.MULTILINE
)


def command(tree, argv, stdin=None):
    """The finished process, its stdout and stderr together in .stdout."""
    return subprocess.run(argv, cwd=tree.root, input=stdin or "", text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def each(function, items):
    """The findings function(item) gives, for all items."""
    with ThreadPoolExecutor(CORES) as pool:
        for found in pool.map(lambda item: list(function(item)), items):
            yield from found


def first_error(tree, output, path, prefix=""):
    """The first diagnostic of a compiler as a finding; what it says of no place is put at `path`."""
    m = _PLACE.search(output)
    if not m:
        last = output.strip().splitlines() or ["failed and said nothing"]
        return Finding(path, 1, prefix + last[-1])
    where = os.path.relpath(os.path.join(tree.root, m["path"]), tree.root)
    return Finding(where, int(m["line"]), prefix + m["text"])
