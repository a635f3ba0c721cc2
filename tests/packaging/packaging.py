#!/usr/bin/python3
"""Uses the built library as a stranger would, one case a run: see CMakeLists.txt.

The case `install` comes first: the others find what it laid down in BUILD/packaging/prefix.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SONAME = "libkettle.so.0.1"


class Failed(Exception):
    pass


def run(*argv, env=None):
    """What the command printed; Failed with all of it if it failed."""
    done = subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env=os.environ | {"LC_ALL": "C"} | (env or {}))
    if done.returncode:
        raise Failed(f"{' '.join(map(str, argv))}\n{done.stdout}")
    return done.stdout


def expect(truth, text):
    if not truth:
        raise Failed(text)


class Places:
    def __init__(self, options):
        self.source, self.build, self.compiler = options.source, options.build, options.compiler
        self.prefix = self.build / "packaging" / "prefix"
        self.lib = self.prefix / "lib"
        self.header = (self.source / "include/kettle/version.hpp").read_text()
        self.version = re.search(r'version\[\] = "([\d.]+)"', self.header)[1]

    def fresh(self, name):
        folder = self.build / "packaging" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def cmake(self, case, project, *defines):
        """Builds a consumer project and gives its program."""
        folder = self.fresh(case)
        run("cmake", "-S", HERE / project, "-B", folder, "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={self.compiler}",
            *defines)
        run("ninja", "-C", folder, env={"CCACHE_NOHASHDIR": "1"})
        return folder / "consumer"

    def pkg_config(self, *argv):
        return run("pkg-config", *argv, "kettle", env={"PKG_CONFIG_PATH": str(self.lib / "pkgconfig")}).split()

    def check(self, program, shared):
        """The program runs, and has the library inside or beside it as it should."""
        needed = re.findall(r"NEEDED.*\[(.*)\]", run("readelf", "-d", program))
        expect((SONAME in needed) == shared, f"{program} needs {needed}")
        said = run(program, env={"LD_LIBRARY_PATH": str(self.lib)})
        expect(said == f"kettle {self.version}: open pot: No such file or directory\n", f"it said: {said}")


def install(at):
    shutil.rmtree(at.prefix, ignore_errors=True)
    for component in ("library", "green"):
        run("cmake", "--install", at.build, "--prefix", at.prefix, "--component", component)
    # Away with the build and source trees: what is left must do alone.
    for file in [*at.prefix.rglob("*.cmake"), *at.prefix.rglob("*.pc")]:
        for tree in (at.source / "include", at.source / "src"):
            expect(str(tree) not in file.read_text(), f"{file} names {tree}")


def find_package(at, case, target, consumer="consumer.cpp"):
    return at.cmake(case, "find_package", f"-DCMAKE_PREFIX_PATH={at.prefix}", f"-DKETTLE_TARGET={target}",
                    f"-DKETTLE_CONSUMER={consumer}")


def find_package_static(at):
    at.check(find_package(at, "find_package_static", "kettle::kettle"), shared=False)


def find_package_shared(at):
    at.check(find_package(at, "find_package_shared", "kettle::kettle_shared"), shared=True)


def find_package_green(at):
    program = find_package(at, "find_package_green", "kettle::green", "green.cpp")
    said = run("timeout", "-s", "KILL", "20", program)
    expect(said == "a fiber has read x\n", f"it said: {said}")


def find_package_explored(at):
    program = find_package(at, "find_package_explored", "kettle::explored", "explored.cpp")
    said = run(program)
    expect(said == "check: no update is lost\n", f"it said: {said}")


def mixed(at):
    """A program that has parts of the ordinary build and of the explored one does not link, in whatever order."""
    folder = at.fresh("mixed")
    objects = []
    for name, flags in (("mixed", []), ("explored", ["-DKETTLE_EXPLORED=1", "-Dmain=other_main"])):
        objects.append(folder / f"{name}.o")
        run(at.compiler, "-std=c++20", *flags, "-I", at.prefix / "include", "-c", HERE / f"{name}.cpp",
            "-o", objects[-1])
    ordinary, explored = at.lib / "libkettle.a", at.lib / "libkettle_explored.a"
    for libraries in ([ordinary, explored], [explored, ordinary], [ordinary], [explored]):
        done = subprocess.run([at.compiler, *objects, *libraries, "-lfmt", "-pthread", "-o", folder / "program"],
                              stdin=subprocess.DEVNULL, text=True, capture_output=True)
        why = "undefined reference to" if len(libraries) == 1 else "kettle_v0_is_ordinary_or_explored"
        expect(done.returncode and why in done.stderr, f"linked with {libraries}: {done.stderr[-2000:]}")


def seam_stays_out(at):
    """The ordinary build has nothing of the explorer, nor calls to it."""
    for kind in ([], ["-u"]):
        symbols = run("nm", "-C", *kind, at.lib / "libkettle.a")
        found = re.findall(r".*(?:detail::seam::|kettle::v0::testing).*", symbols)
        expect(not found, "\n".join(found[:10]))


def subdirectory(at):
    # With the flags of the tree around us a compiler cache has every object already.
    cache = dict(re.findall(r"^(CMAKE_CXX_FLAGS|CCACHE):\w+=(.+)$", (at.build / "CMakeCache.txt").read_text(), re.M))
    defines = [f"-DCMAKE_CXX_FLAGS={cache.get('CMAKE_CXX_FLAGS', '')}"]
    if os.path.isfile(cache.get("CCACHE", "")):
        defines.append(f"-DCMAKE_CXX_COMPILER_LAUNCHER={cache['CCACHE']}")
    at.check(at.cmake("subdirectory", "subdirectory", f"-DKETTLE_SOURCE={at.source}", "-DKETTLE_WERROR=ON", *defines),
             shared=False)


def pkg_config_static(at):
    program = at.fresh("pkg_config_static") / "consumer"
    libraries = [str(at.lib / "libkettle.a") if f == "-lkettle" else f for f in at.pkg_config("--static", "--libs")]
    run(at.compiler, *at.pkg_config("--cflags"), HERE / "consumer.cpp", "-o", program, *libraries)
    at.check(program, shared=False)


def pkg_config_shared(at):
    program = at.fresh("pkg_config_shared") / "consumer"
    run(at.compiler, *at.pkg_config("--cflags"), HERE / "consumer.cpp", "-o", program, *at.pkg_config("--libs"))
    at.check(program, shared=True)


def soname(at):
    dynamic = run("readelf", "-d", at.lib / "libkettle.so")
    expect(f"Library soname: [{SONAME}]" in dynamic, dynamic)
    expect((at.lib / "libkettle.so").resolve().name == f"libkettle.so.{at.version}", "libkettle.so leads elsewhere")


def inline_namespace(at):
    """Every symbol of ours carries the version of the ABI, so that two kettles can live in one process."""
    symbols = run("nm", "-DC", "--defined-only", at.lib / "libkettle.so").splitlines()
    ours = [s for s in symbols if "kettle::" in s]
    expect(ours, "the library exports nothing")
    bare = [s for s in ours if re.search(r"\bkettle::(?!v0\b)", s)]
    expect(not bare, "outside the inline namespace:\n" + "\n".join(bare))
    foreign = [s for s in symbols if re.match(r"\w+ [TDB] ", s) and not re.search("kettle(::|_)v0", s)]
    expect(not foreign, "strong symbols that are not ours to define:\n" + "\n".join(foreign))


def version(at):
    major, minor, patch = map(int, at.version.split("."))
    macro = int(re.search(r"#define KETTLE_VERSION (\d+)", at.header)[1])
    expect(macro == major * 10000 + minor * 100 + patch, f"KETTLE_VERSION {macro} is not {at.version}")
    expect(at.pkg_config("--modversion") == [at.version], "pkg-config gives another version")
    cmake = (at.prefix / "lib/cmake/kettle/kettle-config-version.cmake").read_text()
    expect(f'set(PACKAGE_VERSION "{at.version}")' in cmake, "the CMake package gives another version")


def no_exceptions(at):
    """Whichever header a program begins with, the first error is our sentence."""
    include = at.prefix / "include"
    for header in [*sorted((include / "kettle").glob("*.hpp")), include / "kettle/coro/task.hpp"]:
        name = header.relative_to(include)
        argv = [at.compiler, "-std=c++20", "-fno-exceptions", "-fsyntax-only", "-I", include, "-x", "c++", "-"]
        done = subprocess.run(argv, input=f"#include <{name}>\n", text=True, capture_output=True)
        first = re.search(r"error: (.*)", done.stderr)
        expect(done.returncode and first and "kettle needs exceptions" in first[1], f"{name}:\n{done.stderr}")


def main():
    p = argparse.ArgumentParser()
    cases = (install, find_package_static, find_package_shared, find_package_green,
             find_package_explored, mixed, seam_stays_out, subdirectory, pkg_config_static,
             pkg_config_shared, soname, inline_namespace, version, no_exceptions)
    p.add_argument("case", choices=[c.__name__ for c in cases])
    p.add_argument("--source", type=Path, required=True)
    p.add_argument("--build", type=Path, required=True)
    p.add_argument("--compiler", required=True)
    options = p.parse_args()
    try:
        globals()[options.case](Places(options))
    except Failed as why:
        print(why)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
