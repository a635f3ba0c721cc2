"""Every C++ file is as clang-format has it; `./dev format` makes it so."""

import re

from run import CORES, command, each
from tree import Finding

TOOL = "clang-format-19"
FOLDERS = ("include", "src", "extras", "apps", "examples", "bench", "tests", "primer")
PLACE = re.compile(r"^([^\s:]+):(\d+):\d+: error: ", re.MULTILINE)


def chunks(tree):
    files = tree.files(*FOLDERS)
    return [files[i::CORES] for i in range(CORES) if files[i::CORES]]


def fix(tree):
    list(each(lambda files: [command(tree, [TOOL, "-i", *files])] and [], chunks(tree)))


def check(tree):
    def look(files):
        done = command(tree, [TOOL, "--dry-run", "-Werror", "--ferror-limit=1", *files])
        places = PLACE.findall(done.stdout)
        yield from (Finding(path, int(line), "not formatted: ./dev format") for path, line in places)
        if done.returncode and not places:
            yield Finding(files[0], 1, done.stdout.strip())

    return each(look, chunks(tree))
