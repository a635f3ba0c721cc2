"""The library compiles for aarch64 (nothing is run there)."""

from rules.clang import build

PRESET = "aarch64"


def check(tree):
    return build(tree, PRESET)
