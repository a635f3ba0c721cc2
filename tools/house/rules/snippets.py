"""What README and guide show is what the examples compile.

Each ```cpp block there stands after a comment that names its source:

    <!-- examples/hello.cpp -->           the whole file
    <!-- examples/hello.cpp#kitchen -->   the lines between `// [kitchen]` and `// [/kitchen]`
"""

import re
import textwrap

from tree import Finding

SOURCE = re.compile(r"^<!-- (examples/[\w./-]+?)(?:#([\w-]+))? -->$")
MARK = re.compile(r"^\s*// \[/?[\w-]+\]$")


def region(text, name):
    """The lines of a region (all without a name), its indentation and the marks of other regions taken away."""
    lines = text.splitlines()
    if name is not None:
        marks = [line.strip() for line in lines]
        try:
            lines = lines[marks.index(f"// [{name}]") + 1 : marks.index(f"// [/{name}]")]
        except ValueError:
            return None
    return textwrap.dedent("\n".join(line for line in lines if not MARK.match(line))).strip("\n")


def blocks(text):
    """(line, source comment before it or None, content) of each cpp block."""
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        if lines[at].strip() == "```cpp":
            end = next((i for i in range(at + 1, len(lines)) if lines[i].strip() == "```"), len(lines))
            above = next((line for line in reversed(lines[:at]) if line.strip()), "")
            yield at + 1, SOURCE.match(above.strip()), "\n".join(lines[at + 1 : end]).strip("\n")
            at = end
        at += 1


def check(tree):
    for path in tree.files("README.md", "docs/guide", match=("*.md",)):
        for line, source, content in blocks(tree.text(path)):
            if not source:
                yield Finding(path, line, "a C++ block needs its source before it: <!-- examples/NAME.cpp -->")
            elif source[1] not in tree.all_files():
                yield Finding(path, line, f"there is no {source[1]}")
            elif (expected := region(tree.text(source[1]), source[2])) is None:
                yield Finding(path, line, f"{source[1]} has no region [{source[2]}]")
            elif expected != content:
                yield Finding(path, line, f"differs from {source[0][5:-4]}")
