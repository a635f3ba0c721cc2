"""The spellings that g++ 12 compiles wrongly inside co_await expressions."""

import re

from tree import Finding

FOLDERS = ("include", "src", "extras", "apps", "examples", "bench", "tests", "primer")
CLOSURE = re.compile(r"\bco_await\s*\[([^\]]*)\]")
BAD = [
    (
        re.compile(r"\[[^\[\];{}]*=\s*co_await\b"),
        "g++ 12 destroys what this capture holds twice: await into a local first",
    ),
    (
        # An initialiser, for a block has a semicolon before its closing brace.
        re.compile(r"\{[^;{}]*\bco_await\b(?:[^;{}]|\{[^;{}]*\})*\}"),
        "g++ 12 destroys this braced value twice: await into locals first",
    ),
]


def by_value(captures):
    """Whether any capture copies: a name, '=' or an initialiser, but not `this` or a reference."""
    return any(c and c != "this" and not c.startswith("&") for c in map(str.strip, captures.split(",")))


def check(tree):
    for path in tree.files(*FOLDERS):
        if path.startswith("tests/compile_fail/"):  # holds them on purpose
            continue
        code = tree.code(path)
        for m in CLOSURE.finditer(code):
            if by_value(m[1]):
                line = code.count("\n", 0, m.start()) + 1
                yield Finding(path, line, "g++ 12 destroys this closure twice: name it first, or capture by reference")
        for pattern, text in BAD:
            yield from tree.find(path, pattern, text)
