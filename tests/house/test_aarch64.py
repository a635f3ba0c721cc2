"""The library compiles for aarch64, and tests pass there."""

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

    def test_a_test_that_fails_there_is_caught(self):
        files = project("aarch64", "aarch64-linux-gnu-g++", "int a;\n")
        files["CMakeLists.txt"] += "enable_testing()\nadd_test(NAME falls COMMAND false)\n"
        self.catches("CMakePresets.json:1", "on aarch64 falls: Failed", files)
        files["CMakeLists.txt"] += "set_tests_properties(falls PROPERTIES WILL_FAIL TRUE)\n"
        self.allows(files)


if __name__ == "__main__":
    unittest.main()
