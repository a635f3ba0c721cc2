"""Everything builds with clang too, without a warning."""

from run import command, first_error

PRESET = "clang"


def build(tree, preset):
    directory = f"build/{preset}"
    if not (tree.root / directory / "build.ninja").exists():
        done = command(tree, ["cmake", "--preset", preset])
        if done.returncode:
            yield first_error(tree, done.stdout, "CMakeLists.txt", f"preset {preset}: ")
            return
    done = command(tree, ["ninja", "-C", directory, "--quiet"])
    if done.returncode:
        yield first_error(tree, done.stdout, "CMakeLists.txt", f"preset {preset}: ")


def check(tree):
    return build(tree, PRESET)
