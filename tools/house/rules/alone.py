"""Each public header compiles alone, and twice, with both compilers."""

from run import COMPILERS, FLAGS, command, each, first_error


def check(tree):
    def look(job):
        compiler, path = job
        include = f"#include <{path.removeprefix('include/')}>\n"
        done = command(tree, [compiler, *FLAGS, "-fsyntax-only", "-x", "c++", "-"], include * 2 + "int main() {}\n")
        if done.returncode:
            yield first_error(tree, done.stdout, path, f"alone, {compiler}: ")

    return each(look, [(c, h) for h in tree.files("include") for c in COMPILERS])
