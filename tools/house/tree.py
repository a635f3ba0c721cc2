"""The source tree as the rules see it."""

import fnmatch
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cpp

CPP = ("*.cpp", "*.hpp")


@dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.text}"


class Tree:
    """Files by their path from the root, always in the same order; what is built or hidden does not exist."""

    def __init__(self, root):
        self.root = Path(root)

    @cache
    def all_files(self):
        found = []
        for folder, subfolders, names in os.walk(self.root):
            subfolders[:] = [s for s in subfolders if s != "build" and not s.startswith((".", "__"))]
            found += [os.path.relpath(os.path.join(folder, n), self.root) for n in names]
        return sorted(found)

    def files(self, *folders, match=CPP, tests=True):
        """Files under any of the folders (or exactly those files) whose name is one of `match`."""
        return [
            f
            for f in self.all_files()
            if any(f == d or f.startswith(d + "/") for d in folders)
            and any(fnmatch.fnmatch(os.path.basename(f), m) for m in match)
            and (tests or not is_test(f))
        ]

    @cache
    def text(self, path):
        return (self.root / path).read_text(encoding="utf-8")

    def lines(self, path):
        """(number, line) from 1."""
        return enumerate(self.text(path).splitlines(), 1)

    @cache
    def code(self, path):
        """The text with comments and literals blanked: every line and column stays where it was."""
        return cpp.blank(self.text(path))

    def code_lines(self, path):
        return enumerate(self.code(path).splitlines(), 1)

    def find(self, path, pattern, text):
        """A finding for each match of a compiled pattern in the code of a file; `text` may use {0}, the match."""
        code = self.code(path)
        for m in pattern.finditer(code):
            yield Finding(path, code.count("\n", 0, m.start()) + 1, text.format(" ".join(m.group().split())))


def is_test(path):
    return path.endswith(("_test.cpp", "_bench.cpp", "_test.hpp"))
