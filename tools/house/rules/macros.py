"""Public headers define at most 8 macros, all called KETTLE_*."""

import re

from tree import Finding

MOST = 8
DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.MULTILINE)
UNDEF = re.compile(r"^[ \t]*#[ \t]*undef[ \t]+(\w+)", re.MULTILINE)


def check(tree):
    seen = {}
    for path in tree.files("include"):
        code = tree.code(path)
        gone = set(UNDEF.findall(code))
        for m in DEFINE.finditer(code):
            name = m.group(1)
            place = (path, code.count("\n", 0, m.start(1)) + 1)
            if name in gone:
                continue
            if not name.startswith("KETTLE_"):
                yield Finding(*place, f"macro {name}: ours are called KETTLE_*")
            elif name not in seen:
                seen[name] = place
    for name in list(seen)[MOST:]:
        yield Finding(*seen[name], f"macro {name} is number {list(seen).index(name) + 1}, at most {MOST}")
