"""Floors: the include graph of the rooms."""

import unittest

from planted import RuleTest


class Floors(RuleTest):
    rule = "floors"

    def test_a_room_includes_itself_and_lower_floors(self):
        self.allows({
            "src/core/a.cpp": '#include "core/b.hpp"\n#include <kettle/base/c.hpp>\n#include <vector>\n',
            "include/kettle/kettle.hpp": "#include <kettle/coro/task.hpp>\n#include <kettle/fibers/fiber.hpp>\n",
            "apps/kettle/main.cpp": '#include <kettle/kettle.hpp>\n#include "verdict.hpp"\n',
            "examples/hello.cpp": "#include <kettle/kettle.hpp>\n",
        })

    def test_a_higher_floor_is_caught(self):
        self.catches("src/core/a.cpp:2", "core (floor 2) includes coro (floor 4)",
                     {"src/core/a.cpp": "\n#include <kettle/coro/task.hpp>\n"})

    def test_the_same_floor_is_caught(self):
        self.catches("src/sync/a.cpp:1", "sync (floor 3) includes loop (floor 3)",
                     {"src/sync/a.cpp": '#include "loop/uring.hpp"\n'})

    def test_methods_never_include_each_other(self):
        self.catches("include/kettle/fibers/a.hpp:1", "methods never include each other: fibers includes coro",
                     {"include/kettle/fibers/a.hpp": "#include <kettle/coro/task.hpp>\n"})

    def test_the_library_never_includes_extras(self):
        self.catches("src/io/a.cpp:1", "io (floor 5) includes extras (floor 7)",
                     {"src/io/a.cpp": '#include "extras/tls/stream.hpp"\n'})
        self.catches("src/io/a.cpp:1", "io (floor 5) includes extras (floor 7)",
                     {"src/io/a.cpp": '#include "green/host.hpp"\n'})
        self.allows({"extras/green/a.cpp": '#include "green/host.hpp"\n#include "sys/raw.hpp"\n'
                                           '#include <kettle/io/pipe.hpp>\n'})

    def test_a_room_does_not_include_the_umbrella(self):
        self.catches("src/io/a.cpp:1", "a room includes what it needs",
                     {"src/io/a.cpp": "#include <kettle/kettle.hpp>\n"})

    def test_a_public_header_includes_no_private_one(self):
        self.catches("include/kettle/core/a.hpp:1", 'not "core/home.hpp"',
                     {"include/kettle/core/a.hpp": '#include "core/home.hpp"\n'})

    def test_only_tests_include_whatever_they_try_things_with(self):
        self.allows({"src/core/a_test.cpp": "#include <kettle/testing/clock.hpp>\n#include <kettle/kettle.hpp>\n"})
        self.catches("src/core/a.cpp:1", "testing (floor 6)",
                     {"src/core/a.cpp": "#include <kettle/testing/clock.hpp>\n"})

    def test_a_folder_that_is_no_room_is_caught(self):
        self.catches("src/utils/a.cpp:1", "'utils' is no room", {"src/utils/a.cpp": ""})
        self.catches("src/core/a.cpp:1", "'utils' is no room", {"src/core/a.cpp": "#include <kettle/utils/a.hpp>\n"})

    def test_an_include_does_not_climb(self):
        self.catches("src/core/a.cpp:1", "'..'", {"src/core/a.cpp": '#include "../coro/a.hpp"\n'})


if __name__ == "__main__":
    unittest.main()
