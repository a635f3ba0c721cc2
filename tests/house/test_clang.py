"""Everything builds with clang."""

import json
import unittest

from planted import RuleTest

CMAKE = """
cmake_minimum_required(VERSION 3.25)
project(planted LANGUAGES CXX)
add_library(planted OBJECT a.cpp)
target_compile_options(planted PRIVATE -Wall -Wextra -Werror)
"""


def project(preset, compiler, source):
    presets = {
        "version": 6,
        "configurePresets": [{
            "name": preset,
            "generator": "Ninja",
            "binaryDir": "${sourceDir}/build/" + preset,
            "cacheVariables": {"CMAKE_CXX_COMPILER": compiler, "CMAKE_CXX_COMPILER_WORKS": "1"},
        }],
    }
    return {"CMakePresets.json": json.dumps(presets), "CMakeLists.txt": CMAKE, "a.cpp": source}


class Clang(RuleTest):
    rule = "clang"

    def test_what_only_clang_warns_of_is_caught(self):
        # g++ knows no unused private fields.
        source = "\nclass a {\n  int unused_;\n};\na use;\n"
        self.catches("a.cpp:3", "unused", project("clang", "clang++-19", source))

    def test_a_project_that_builds_passes(self):
        self.allows(project("clang", "clang++-19", "int a;\n"))

    def test_a_project_that_does_not_configure_is_caught(self):
        self.catches("CMakeLists.txt:1", "preset clang", {"CMakeLists.txt": CMAKE})


if __name__ == "__main__":
    unittest.main()
