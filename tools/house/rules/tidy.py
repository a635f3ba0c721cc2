"""clang-tidy finds nothing in src/ and apps/ (its checks: .clang-tidy)."""

import os
import re

from run import FLAGS, command, each
from tree import Finding

PLACE = re.compile(r"^([^\s:]+):(\d+):\d+: (?:error|warning): (.*?)(?:,-warnings-as-errors)?\]?$", re.MULTILINE)


def check(tree):
    def look(path):
        explored = ["-DKETTLE_EXPLORED=1"] if str(path).startswith("src/testing/") else []
        done = command(tree, ["clang-tidy-19", "--quiet", path, "--", *FLAGS, *explored])
        places = set(PLACE.findall(done.stdout))
        for where, line, text in places:
            path_from_root = os.path.relpath(os.path.join(tree.root, where), tree.root)
            yield Finding(path_from_root, int(line), f"{text}]" if "[" in text else text)
        if done.returncode and not places:
            yield Finding(path, 1, done.stdout.strip()[-500:])

    # A header's finding is told by each file that includes it.
    return set(each(look, tree.files("src", "apps", match=("*.cpp",), tests=False)))
