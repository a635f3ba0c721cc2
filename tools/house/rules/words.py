"""One word per idea: words.txt names the synonyms that are not used here."""

import re
from pathlib import Path

from tree import Finding

FOLDERS = ("include", "src", "extras", "apps", "examples", "docs", "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md",
           "CHANGELOG.md")
SPAN = re.compile(r"`[^`]*`")


def words(file=Path(__file__).with_suffix(".txt")):
    for line in file.read_text().splitlines():
        if line and not line.startswith("#"):
            pattern, word = line.split("\t")
            yield re.compile(pattern, re.IGNORECASE), word


def check(tree):
    forbidden = list(words())
    for path in tree.files(*FOLDERS, match=("*.cpp", "*.hpp", "*.md")):
        fenced = False
        for number, line in tree.lines(path):
            if path.endswith(".md"):
                if line.lstrip().startswith("```"):
                    fenced = not fenced
                line = "" if fenced else SPAN.sub("", line)
            for pattern, word in forbidden:
                if m := pattern.search(line):
                    yield Finding(path, number, f"'{m.group()}' is called '{word}' here")
