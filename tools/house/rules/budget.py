"""What a user's compiler must read: task.hpp at most 65 000 preprocessed lines, kettle.hpp 95 000."""

from run import FLAGS, command, each, first_error
from tree import Finding

BUDGET = {"include/kettle/coro/task.hpp": 65_000, "include/kettle/kettle.hpp": 95_000}


def check(tree):
    def look(path):
        if path not in tree.all_files():
            yield Finding(path, 1, "is gone, and its budget with it")
            return
        include = f"#include <{path.removeprefix('include/')}>\n"
        done = command(tree, ["g++", *FLAGS, "-E", "-x", "c++", "-"], include)
        lines = done.stdout.count("\n")
        if done.returncode:
            yield first_error(tree, done.stdout, path)
        elif lines > BUDGET[path]:
            yield Finding(path, 1, f"{lines} preprocessed lines, at most {BUDGET[path]}")

    return each(look, BUDGET)
