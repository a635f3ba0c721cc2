"""The library compiles for aarch64, and the tests of some rooms pass under qemu-user."""

import re

from rules.clang import build
from run import CORES, command
from tree import Finding

PRESET = "aarch64"


def check(tree):
    found = list(build(tree, PRESET))
    if found or not (tree.root / "build" / PRESET / "CTestTestfile.cmake").exists():
        return found
    done = command(tree, ["ctest", "--test-dir", f"build/{PRESET}", "-j", str(CORES), "--output-on-failure"])
    failed = re.findall(r"^\s*\d+ - (\S+) \((.*)\)$", done.stdout, re.MULTILINE)
    return [Finding("CMakePresets.json", 1, f"on aarch64 {name}: {how}") for name, how in failed if how != "Skipped"]
