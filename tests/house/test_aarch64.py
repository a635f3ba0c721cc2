"""The library compiles for aarch64."""

import unittest

from planted import RuleTest
from test_clang import project


class Aarch64(RuleTest):
    rule = "aarch64"

    def test_instructions_of_another_machine_are_caught(self):
        source = '\nvoid relax() { asm("pause"); }\n'
        self.catches("CMakeLists.txt:1", "", project("aarch64", "aarch64-linux-gnu-g++", source))

    def test_portable_code_passes(self):
        self.allows(project("aarch64", "aarch64-linux-gnu-g++", "static_assert(sizeof(long double) == 16);\n"))


if __name__ == "__main__":
    unittest.main()
