#!/usr/bin/env python3
"""Writes the compiled examples into the fenced blocks of README and guide that name them.

    tools/house/fill_snippets.py            # then `./dev check snippets` is clean
"""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"(<!-- (examples/\S+\.\w+) -->\n```cpp\n)(.*?)(```\n)", re.S)


def fill(text: str) -> str:
    return BLOCK.sub(lambda m: m[1] + (ROOT / m[2]).read_text() + m[4], text)


if __name__ == "__main__":
    for page in [ROOT / "README.md", *sorted((ROOT / "docs/guide").glob("*.md"))]:
        page.write_text(fill(page.read_text()))
