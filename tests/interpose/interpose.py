#!/usr/bin/python3
"""Programs that the system brings, run by `kettle green`: interpose.py CASE --kettle K --programs DIR.

A case that cannot run here prints 'SKIP: ' and the reason.

With --measure N a case of LIBRARIES prints as JSON how many seconds N threads take together that wait 200 ms each;
--plainly: without kettle.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

LIMIT_S = 60
NOT_INSTALLED = 77  # of a measurement, to who runs it

THREADS = """
import os, sys, threading, urllib.request
wrong = []
def fetch(n):
    page = urllib.request.urlopen(sys.argv[1] + str(n)).read()
    if len(page) < 1000:
        wrong.append((n, len(page)))
threads = [threading.Thread(target=fetch, args=(n,)) for n in range(200)]
for t in threads: t.start()
kernel = len(os.listdir("/proc/self/task"))
for t in threads: t.join()
print(kernel, len(wrong))
"""


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False, **more)
    if done.returncode:
        raise SystemExit(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done


def skip(why):
    print("SKIP: " + why)
    sys.exit(NOT_INSTALLED if "--measure" in sys.argv else 0)


def expect(right, what):
    if not right:
        raise SystemExit(f"wrong: {what}")


@contextlib.contextmanager
def responder(at, delay_ms):
    command = [at.kettle, "__responder", str(delay_ms)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as p:
        yield f"http://127.0.0.1:{int(p.stdout.readline())}/page/"
        p.stdin.close()


def python(at):
    """Debian's python3, 200 threads of urllib: their waits of 100 ms overlap on one kernel thread."""
    if not Path("/usr/bin/python3").exists():
        skip("there is no /usr/bin/python3")
    with responder(at, 100) as pages:
        program = ["/usr/bin/python3", "-c", THREADS, pages]
        run(*program)  # what it imports is in memory then: reading from a disk takes a real thread
        said = run(at.kettle, "green", "--", *program).stdout.split()
    expect(said == ["1", "0"], f"kernel threads and wrong pages: {said}")


def subprocesses(at):
    """A Python program that starts programs of its own, from a thread."""
    code = ("import subprocess, threading\nout = []\n"
            "def f(): out.append(subprocess.run('sleep 0.05; echo $((6*7))', shell=True, capture_output=True).stdout)\n"
            "ts = [threading.Thread(target=f) for _ in range(5)]\n"
            "[t.start() for t in ts]; [t.join() for t in ts]; print(out)")
    said = run(at.kettle, "green", "--", "/usr/bin/python3", "-c", code).stdout
    expect(said.count("42") == 5, said)


def deadlock(at):
    done = run(at.kettle, "green", "--", at.programs / "interpose_deadlock")
    lock = "in pthread_mutex_lock"
    for part in ("nothing can wake one", f"left {lock}", f"right {lock}", "in pthread_join"):
        expect(part in done.stderr, f"'{part}' in what was said:\n{done.stderr}")


def overflow(at):
    """A stack that is used up is named, and the process ends as it would have without us."""
    command = [at.kettle, "green", "--", at.programs / "interpose_overflow"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    expect(done.returncode == -signal.SIGSEGV, f"ended with {done.returncode}")
    expect("stack overflow in thread" in done.stderr and "deep" in done.stderr, done.stderr)


def interrupt(at):
    """Ctrl-C reaches Python's main thread while it waits for another thread."""
    code = ("import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
            "try:\n  print('ready', flush=True)\n  time.sleep(60)\nexcept KeyboardInterrupt: print('interrupted')")
    with subprocess.Popen([at.kettle, "green", "--", "/usr/bin/python3", "-c", code], stdout=subprocess.PIPE,
                          text=True) as p:
        expect(p.stdout.readline() == "ready\n", "did not start")
        for _ in range(100):  # one that comes just before the sleep is lost, here as with real threads
            p.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                p.wait(0.2)
                break
        said = p.stdout.read()
    expect(said == "interrupted\n", said)


def off(at):
    """KETTLE_GREEN=off leaves threads alone: the part that wants a single kernel thread fails."""
    part = [at.kettle, "green", "--", at.programs / "interpose_conformance", "one_kernel_thread"]
    env = {**os.environ, "KETTLE_EXPECT_KERNEL_THREADS": "1"}
    run(*part, env=env)
    plain = subprocess.run(part, capture_output=True, timeout=LIMIT_S, check=False, env={**env, "KETTLE_GREEN": "off"})
    expect(plain.returncode == 1, f"ended with {plain.returncode}: {plain.stdout}")


@contextlib.contextmanager
def postgresql():
    """A server of its own on a socket in a new folder; gives the connection string."""
    tools = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) if Path("/usr/lib/postgresql").exists() else []
    if not tools:
        skip("postgresql is not installed")
    tools = tools[-1].parent
    as_user = []
    if os.geteuid() == 0:
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    folder = Path(tempfile.mkdtemp(prefix="kettle-pg-"))
    try:
        if as_user:
            shutil.chown(folder, "postgres", "postgres")
        data = folder / "data"
        run(*as_user, tools / "initdb", "-D", data, "-A", "trust", "-U", "kettle", "--no-sync", cwd=folder)
        options = f"-k {folder} -c listen_addresses='' -c max_connections=120 -c fsync=off"
        run(*as_user, tools / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start", cwd=folder)
        try:
            yield f"host={folder} user=kettle dbname=postgres"
        finally:
            run(*as_user, tools / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop", cwd=folder)
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def redis_server():
    """A server of its own on a socket in a new folder; gives the socket."""
    if not shutil.which("redis-server"):
        skip("redis-server is not installed")
    with tempfile.TemporaryDirectory(prefix="kettle-redis-") as folder:
        socket = Path(folder) / "socket"
        command = ["redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--dir", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as p:
            try:
                expect(any("ready to accept" in line for line in p.stdout), "redis-server ended at once")
                yield socket
            finally:
                p.terminate()


# The package of each, its server, and how long one wait of its test is.
LIBRARIES = {
    "postgres": ("libpq-dev", lambda at, wait_ms: postgresql(), 200),
    "redis": ("libhiredis-dev", lambda at, wait_ms: redis_server(), 500),
    "curl": ("libcurl4-openssl-dev", responder, 500),
}


@contextlib.contextmanager
def waiting(at, library, wait_ms):
    """Gives a function: the seconds that so many threads take together which wait in that library."""
    package, server, _ = LIBRARIES[library]
    program = at.programs / f"interpose_{library}"
    if not program.exists():
        skip(f"{package} was not there when this was built")
    command = [program] if at.plainly else [at.kettle, "green", "--", program]
    with server(at, wait_ms) as where:
        yield lambda n: float(run(*command, where, str(n), str(wait_ms / 1000)).stdout)


def overlap(at, library):
    """Fifty threads wait in an unmodified library, and take at most twice as long as one: once in five times at least,
    since the servers and the rest of the machine have their share in it."""
    with waiting(at, library, wait_ms=LIBRARIES[library][2]) as seconds:
        for _ in range(5):
            one, fifty = seconds(1), seconds(50)
            print(f"one: {one:.3f} s, fifty: {fifty:.3f} s, fifty in turn would be {50 * one:.1f} s")
            if fifty <= 2 * one:
                return
    raise SystemExit("wrong: fifty never took at most twice as long as one")


def measure(at, library):
    with waiting(at, library, wait_ms=200) as seconds:
        print(json.dumps({"name": "", "value": seconds(at.measure), "unit": "s"}))


def main():
    cases = {f.__name__: f for f in (python, subprocesses, interrupt, deadlock, overflow, off)}
    p = argparse.ArgumentParser()
    p.add_argument("case", choices=[*cases, *LIBRARIES])
    p.add_argument("--kettle", required=True)
    p.add_argument("--programs", required=True, type=Path)
    p.add_argument("--measure", type=int, metavar="N")
    p.add_argument("--plainly", action="store_true")
    at = p.parse_args()
    if at.measure:
        measure(at, at.case)
    elif at.case in LIBRARIES:
        overlap(at, at.case)
    else:
        cases[at.case](at)


if __name__ == "__main__":
    main()
