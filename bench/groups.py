"""Which measurements make up a group: the rows of the project's table of targets."""

import os

from harness import Row, Side, Work
from sides import Compare, program, script, timed, together

MILLION_TENTH = "a tenth of the work (100 000 sleepers)"


class Places:
    """Where things are: the source tree and the build directory that `--build` names."""

    def __init__(self, root, build):
        self.root, self.build = root, build

    def built(self, *parts):
        return os.path.join(self.build, "bench", *parts)

    def source(self, *parts):
        return os.path.join(self.root, "bench", *parts)

    def kettle(self):
        """The command line tool, wherever the build puts it."""
        spots = [("apps", "kettle", "kettle"), ("bin", "kettle"), ("kettle",)]
        found = [os.path.join(self.build, *s) for s in spots]
        return next((f for f in found if os.path.isfile(f)), found[0])

    def peer(self, name, path, *args, note="", package=""):
        return program(name, self.built("peers", path), *args, note=note, package=package)

    def boost(self, *args):
        return self.peer("Boost.Fiber", "boost_fiber", *args, package="libboost-fiber1.81-dev")

    def go(self, *args, note=""):
        return self.peer("Go", "go_core", *args, note=note, package="golang-go")

    def tokio(self, *args, note=""):
        return self.peer("tokio", "tokio_core", *args, note=note, package="librust-tokio-dev, cargo")

    def python(self, name, *args, note=""):
        return script(name, self.source("peers", f"{name}_core.py"), *args, note=note)


def task(at, compiler, folder, limit_ns):
    """create + await + destroy of a task that does not wait, with one compiler."""
    sides = [
        program("kettle", at.built(folder, "core_task")),
        program("floor", at.built(folder, "core_floor_task"), "freelist"),
        program("plain task", at.built(folder, "core_floor_task"), "plain"),
        at.python("asyncio", "await"),
    ]
    if compiler == "g++":  # Asio 1.22 has no coroutines on clang
        sides.insert(3, at.peer("Asio", "asio_task", package="libasio-dev"))
    name = f"task create + await + destroy, {compiler}"
    rows = [
        Row(f"{name}, to a plain task", "ns", 0.55, against="plain task"),
        Row(name, "ns", limit_ns),
    ]
    return Work(f"task, {compiler}", rows, sides, rounds=15, seconds=2.5)


def sleepers(at):
    sides = [
        program("kettle", at.built("core_sleepers"), "1000000"),
        program("floor", at.built("core_floor_sleepers"), "1000000"),
        at.tokio("sleepers", "1000000"),
        at.go("sleepers", "100000", note=f"{MILLION_TENTH}: a million take over 2 GiB"),
        at.python("asyncio", "sleepers", "100000", note=f"{MILLION_TENTH}: a million take over 10 s"),
        at.python("trio", "sleepers", "100000", note=f"{MILLION_TENTH}: a million take over 10 s"),
    ]
    rows = [
        Row("1 million sleeping nursery children: memory each", "B", 256, "bytes"),
        Row("1 million sleeping nursery children: late by", "s", 0.4, "late"),
    ]
    return Work("sleepers", rows, sides, rounds=3, seconds=42)


def children(at):
    sides = [
        program("kettle", at.built("core_children")),
        at.tokio("children"),
        at.go("children"),
        at.python("asyncio", "children"),
        at.python("trio", "children"),
    ]
    rows = [Row("nursery start + finish of a child coroutine", "ns", 35)]
    return Work("children", rows, sides, rounds=15, seconds=3)


def fibers(at):
    def ours(measure):
        return [
            program("kettle", at.built("core_fibers"), measure),
            program("floor", at.built("core_floor_fibers"), measure),
        ]

    return [
        Work(
            "fiber yield",
            [Row("fiber yield among 1000, shared TLS", "ns", 6)],
            [*ours("yield"), at.boost("yield"), at.go("yield"), at.python("gevent", "yield")],
            rounds=15,
            seconds=3,
        ),
        Work(
            "fiber create + join",
            [Row("fiber create + join, shared TLS", "ns", 40)],
            [*ours("join"), at.boost("join"), at.go("join"), at.python("gevent", "join")],
            rounds=15,
            seconds=3,
        ),
        Work(
            "fiber memory",
            [Row("memory of a sleeping fiber, shared TLS", "KiB", 4.3)],
            [*ours("memory"), at.boost("memory"), at.go("memory")],
            rounds=5,
            seconds=4,
        ),
    ]


def compiling(at):
    gxx = "/usr/bin/g++"  # not the one that ccache may shadow

    def compiled(name, measure, source, header="", package=""):
        flags = ["-std=c++20", "-O0", "-c", "-o", "/dev/null"]
        dirs = [f"-I{os.path.join(d, 'include')}" for d in (at.root, at.build)]
        command = [gxx, *flags, *dirs, at.source(*source)]
        return timed(name, command, measure, needs=header or None, package=package)

    tbb = "/usr/include/oneapi/tbb.h"
    asio = "/usr/include/asio.hpp"
    sides = [
        together(
            "kettle",
            [
                compiled("kettle", "add", ("core", "compile", "start_two.cpp")),
                compiled("kettle", "umbrella", ("core", "compile", "umbrella.cpp")),
            ],
        ),
        compiled("oneTBB", "add", ("peers", "compile_onetbb.cpp"), tbb, "libtbb-dev"),
        compiled("Asio", "add", ("peers", "compile_asio.cpp"), asio, "libasio-dev"),
    ]
    rows = [
        Row('compile at -O0: "start two, add"', "s", 0.75, "add"),
        Row("compile at -O0: umbrella header", "s", 1.0, "umbrella"),
    ]
    return Work("compile", rows, sides, rounds=7, seconds=6)


def core(at):
    return [
        task(at, "g++", "", 10),
        task(at, "clang", "clang/bench", 8),
        sleepers(at),
        children(at),
        *fibers(at),
        compiling(at),
    ]


def proc(at):
    """Processes; the other side's time divided by kettle's, where Python is named."""
    sides = [
        program("kettle", at.built("proc_pool")),
        script("ProcessPoolExecutor", at.source("peers", "processes_proc.py"), "executor"),
        script("Pool", at.source("peers", "processes_proc.py"), "pool"),
    ]

    def faster(label, unit, times, measure):
        return Row(label, unit, times, measure, "higher", "ProcessPoolExecutor", speed_up=True)

    rows = [
        faster("round trip to a worker", "us", 12, "round_trip"),
        Row("tiny tasks, unchunked", "k/s", 500, "tiny", "higher"),
        faster("echo of 1 MB", "ms", 8, "echo_1"),
        faster("echo of 100 MB", "ms", 15, "echo_100"),
        Row("pool of two usable", "ms", 6, "usable"),
        Row("killed worker replaced", "ms", 1, "replaced"),
    ]
    return [Work("processes", rows, sides, rounds=5, seconds=15)]


def echo(at, backend, connections, size, label):
    """Messages per second of the server's CPU time, to the raw loop of the same back end."""
    args = [str(connections), str(size)]
    raw = {
        "epoll": program("raw epoll", at.built("net_floor_echo"), *args),
        "io_uring": at.peer("raw io_uring", "uring_echo", *args, package="liburing-dev"),
    }
    sides = [
        program("kettle", at.built("net_echo"), *args, env={"KETTLE_BACKEND": backend}),
        raw[backend],
        at.peer("Asio", "asio_echo", *args, package="libasio-dev"),
        at.peer("libuv", "libuv_echo", *args, package="libuv1-dev"),
    ]
    name = f"TCP echo, {backend}, {connections} connections x {label}"
    row = Row(name, "k/CPU s", 0.97, better="higher", against=f"raw {backend}")
    return Work(name, [row], sides, rounds=7, seconds=4)


def fair(at):
    """How late a ping is answered beside a peer that sends without end, by a server of one loop."""
    load, go = at.built("net_fair"), at.built("peers", "go_core")
    sides = [
        program("kettle", load, "load", load, "serve"),
        program("Go", load, "load", go, "serve", package="golang-go", needs=go),
        script("asyncio", at.source("peers", "fair.py"), load),
    ]
    rows = [
        Row("fair: ping beside a flood, p99", "ms", 1.0, "p99", against="Go"),
        Row("fair: ping beside a flood, worst", "ms", 1.0, "worst", against="Go"),
    ]
    return Work("fair", rows, sides, rounds=7, seconds=10)


def net(at):
    return [
        fair(at),
        *echoes(at),
    ]


def echoes(at):
    return [
        echo(at, backend, connections, size, label)
        for backend in ("epoll", "io_uring")
        for connections in (50, 1000)
        for size, label in ((64, "64 B"), (16384, "16 KiB"))
    ]


def green(at):
    """Programs that know nothing of kettle: as they are, and by `kettle green`."""

    def both(path, *args):
        return [
            program("kettle", at.kettle(), "green", "--", path, *args),
            program("native threads", path, *args),
        ]

    def threads(label, unit, target, measure):
        row = Row(f"{label}, own TCB", unit, target)
        return Work(measure, [row], both(at.built("green_threads"), measure), rounds=7, seconds=3)

    def plain_echo(connections, size, label):
        drive = [at.built("green_drive"), "cpu", str(connections), str(size)]
        sides = [
            program("kettle", *drive, at.kettle(), "green", "--", at.built("green_server")),
            program("raw epoll", at.built("net_floor_echo"), *drive[2:]),
            program("native threads", *drive, at.built("green_server")),
        ]
        name = f"TCP echo by plain recv and send, {connections} connections x {label}"
        row = Row(name, "k/CPU s", 0.92, better="higher", against="raw epoll")
        return Work(name, [row], sides, rounds=7, seconds=3)

    def in_library(library, case):
        """A hundred threads in an unmodified C library, each waiting 200 ms for a server."""
        there = ["--kettle", at.kettle(), "--programs", os.path.join(at.build, "tests", "interpose")]

        def side(name, threads, *more):
            tests = os.path.join(at.root, "tests", "interpose", "interpose.py")
            return script(name, tests, case, *there, "--measure", str(threads), *more)

        sides = [side("kettle", 100), side("one wait", 1, "--plainly"), side("native threads", 100, "--plainly")]
        name = f"100 threads in {library}, each waits 200 ms"
        return Work(name, [Row(name, "s", 1.7, against="one wait")], sides, rounds=5, seconds=10)

    many = [at.built("green_drive"), "rate", "10000", "64"]
    swarm = Work(
        "10 000 connections",
        [
            Row("server with 10 000 threads: requests", "k/s", 1.5, "rate", "higher", "native threads"),
            Row("server with 10 000 threads: memory each", "KiB", 0.5, "memory", "lower", "native threads"),
        ],
        [
            program("kettle", *many, at.kettle(), "green", "--", at.built("green_server")),
            program("native threads", *many, at.built("green_server")),
        ],
        rounds=5,
        seconds=9,
    )
    return [
        threads("thread yield among 1000", "ns", 45, "yield"),
        threads("thread create + join", "ns", 300, "join"),
        threads("memory of a sleeping thread", "KiB", 9, "memory"),
        *[plain_echo(n, *size) for n in (50, 1000) for size in ((64, "64 B"), (16384, "16 KiB"))],
        swarm,
        in_library("libpq", "postgres"),
        in_library("hiredis", "redis"),
        in_library("libcurl", "curl"),
    ]


def walls(workload):
    """Reads {method: median wall seconds} of one workload from the JSON of `kettle compare`."""

    def read(document):
        for one in document["workloads"]:
            if one["name"] == workload:
                return {m["method"]: m["wall_s"]["median"] for m in one["methods"] if m["measured"]}
        return {}

    return read


def comparing(at, workload, method, label, target, seconds):
    """How much faster `method` is than sequential, told by kettle itself."""
    args = ["--workload", workload, "--methods", f"sequential,{method}", "--rounds", "1"]
    once = Compare(at.kettle(), args, walls(workload))
    row = Row(label, "s", target, better="higher", against="sequential", speed_up=True)
    sides = [once.side("kettle", method), once.side("sequential", "sequential")]
    return Work(label, [row], sides, rounds=5, seconds=seconds)


def cli(at):
    kettle, dev = at.kettle(), os.path.join(at.root, "dev")
    return [
        Work(
            "help",
            [Row("kettle --help", "s", 0.02)],
            [timed("kettle", [kettle, "--help"], times=20, needs=kettle)],
            rounds=15,
            seconds=0.5,
        ),
        Work(
            "dev run",
            [Row("second ./dev run starts", "s", 2)],
            [second_start(dev, at.root)],
            rounds=5,
            seconds=3,
        ),
        *[
            comparing(at, "computing", way, f"compare: computing by {way}, 2 free cores", 1.7, 8)
            for way in ("threads", "processes")
        ],
        *[
            comparing(at, "waiting", way, f"compare: 200 waits of 20 ms by {way}", 15, 10)
            for way in ("coroutines", "green")
        ],
    ]


def second_start(dev, root):
    """The first call builds what is to be built; then the time of the next."""
    started = []
    again = timed("kettle", [dev, "run", "--version"], needs=dev, cwd=root)

    def run():
        if not started:
            again.run()
            started.append(True)
        return again.run()

    return Side("kettle", run)
