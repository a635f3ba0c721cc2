#!/usr/bin/env python3
"""Runs one example and checks what it prints.

    run_examples.py NAME PROGRAM

Programs that only wait run on the virtual clock (KETTLE_CLOCK=virtual): three minutes of coffee take no time.
Servers get a real client on a loopback port.
"""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile

LIMIT_S = 60


def run(program, *args, clock="virtual", env=None):
    full = {**os.environ, "KETTLE_CLOCK": clock, **(env or {})}
    done = subprocess.run([program, *args], env=full, capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode == 0, f"exit {done.returncode}: {done.stderr}"
    return done.stdout


def expect(found, wanted):
    assert found == wanted, f"printed:\n{found}\nexpected:\n{wanted}"


class Server:
    """A server example on a port that was free a moment ago."""

    def __init__(self, program):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen([program, f"tcp:127.0.0.1:{self.port}"], stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, "KETTLE_CLOCK": "real"})

    def connect(self):
        for _ in range(2000):
            try:
                return socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT_S)
            except ConnectionRefusedError:
                if self.process.poll() is not None:
                    break
                try:
                    self.process.wait(0.01)
                except subprocess.TimeoutExpired:
                    pass
        raise AssertionError("the server does not listen")

    def end(self):
        self.process.send_signal(signal.SIGINT)
        out, _ = self.process.communicate(timeout=LIMIT_S)
        return self.process.returncode, out


def hello(program):
    expect(run(program), "2-slice sandwich\ncoffee\ncoffee and 1-slice sandwich\n")


def echo_server(program):
    server = Server(program)
    with server.connect() as a, server.connect() as b:
        a.sendall(b"first")
        b.sendall(b"second")
        assert a.recv(100) == b"first" and b.recv(100) == b"second"
    status, out = server.end()
    expect(out, "no new peers; those here have 5 s\n")
    assert status == 0, status


def chat(program):
    server = Server(program)
    with server.connect() as a:
        reader_a = a.makefile("r")
        a.sendall(b"ann\n")
        expect(reader_a.readline(), "ann joined\n")
        with server.connect() as b:
            b.sendall(b"bob\n")
            expect(reader_a.readline(), "bob joined\n")
            b.sendall(b"tea?\n")
            expect(reader_a.readline(), "bob: tea?\n")
        expect(reader_a.readline(), "bob left\n")
    status, out = server.end()
    assert status == 0, status
    assert out.startswith("ann joined\nbob joined\nbob: tea?\nbob left\n"), out


def map_files(program):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in {"a": "one two\n", "b": "three\n", "c": ""}.items():
            pathlib.Path(folder, name).write_text(text)
        lines = run(program, folder, clock="real").splitlines()
        counts = sorted(line.split() for line in lines[:3])
        expect(str(counts), str(sorted([["2", f"{folder}/a"], ["1", f"{folder}/b"], ["0", f"{folder}/c"]])))
        expect("\n".join(lines[3:]), "       3 total\n3 files")


def four_places(program):
    expect(run(program, clock="real"),  # another process knows nothing of a virtual clock
           "hello from a plain call\nhello from a fiber\nhello from a thread\nhello from a process\n"
           + "late: 0, error: nobody to greet\n" * 3)


def thumbnails(program):
    done = run(program, clock="real").splitlines()
    expect("\n".join(done[:4]), "a.jpg.thumb\nb.jpg.thumb\ntext.txt: not an image\nc.jpg.thumb")
    assert re.fullmatch(r"broken\.jpg: worker \d \(pid \d+\) was killed by signal 9 \(Killed\) while it ran task 6; "
                        r"peak memory \d+ MiB", done[4]), done[4]


def one_channel(program):
    expect(run(program, clock="real"), "in a coroutine: 55\nin a thread: 55\n")


def progress(program):
    out = run(program)
    assert out.startswith(" 2"), out
    assert "200 frames\n" in out and out.endswith("gave up; the thread has stopped too\n"), out


def fork_join(program):
    expect(run(program, clock="real"), "500000500000\n")


def plain_threads(program):
    expect(run(program, clock="real"), "55\n610\n6765\n5\n75025\nnot yet\n6765 10946\n1 error: broken\n")


def beside_site(program):
    """What it prints while the small web of tests/examples/site.hpp stands: hosts a, b, c, slow and bad."""
    return run(os.environ["WITH_SITE"], program, clock="real")


def crawler(program):
    out = sorted(beside_site(program).splitlines())
    expect("\n".join(out), "5 pages\nhttp://a/bad: GET http://a/bad: 500 Internal Server Error")


def cleanup(program):
    first, slow, broken = beside_site(program).split("session closed\n")[:3]
    expect(first, 'one two <a href="http://a/">back</a>\n')
    expect(slow, "too slow\n")
    for line in broken.splitlines():  # both fail, and the one that is later may be cancelled before it does
        assert line in [f"network: GET http://{host}/bad: 500 Internal Server Error" for host in "ab"], line


def mirrors(program):
    winner, raced, errors = beside_site(program).splitlines()
    expect(winner, "http://c/")
    assert raced in ("c's page", "cached"), raced
    expect(errors, "2 errors: GET http://bad/1: 500 Internal Server Error; "
           "GET http://bad/2: 500 Internal Server Error")


def explored_lost_update(program):
    out = run(program, clock="real")
    place = r"examples/explored_lost_update\.cpp:\d+"
    assert re.match(rf"check: no update is lost, at {place}\nfound by .* in schedule \d+; the shortest .*:\n", out), out
    seed = re.search(r"^run it again with KETTLE_SEED=(\S+)$", out, re.MULTILINE)[1]
    replayed = run(program, clock="real", env={"KETTLE_SEED": seed})
    assert re.match(rf"check: no update is lost, at {place}\n", replayed), replayed
    again, race, *mended = out.splitlines()[-6:]
    assert again.startswith("again, in 1 schedule: no update is lost"), again
    assert race.startswith("a plain variable: race: "), race
    expect("\n".join(mended), "with a mutex: never fails\nin one step: never fails\nwith an owner: never fails\n"
           "on one loop: never fails")


def explored_coroutines(program):
    fine, race = run(program, clock="real").splitlines()
    expect(fine, "no await between: never fails")
    assert race.startswith("an await between: check: no update is lost"), race


if __name__ == "__main__":
    globals()[sys.argv[1]](sys.argv[2])
