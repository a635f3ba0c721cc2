#!/usr/bin/env python3
"""Runs the built kettle as a user would: cli_test.py PATH_OF_KETTLE [unittest arguments]."""

import contextlib
import html.parser
import json
import os
import pathlib
import pty
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

KETTLE = ""
# What kettle takes by itself; green only where this build has its library.
METHODS = ["sequential", "threads", "processes", "coroutines", "green"]
LONG_S = 300  # for what a busy machine may take, never for what is expected


def run(*arguments, stdin=b"", env=None):
    done = subprocess.run(
        [KETTLE, *arguments], input=stdin, capture_output=True, timeout=LONG_S, env=env, check=False)
    done.out = done.stdout.decode(errors="replace")
    done.err = done.stderr.decode(errors="replace")
    return done


def quick(*arguments, **more):
    return run("compare", "--rounds", "1", *arguments, **more)


@contextlib.contextmanager
def server(answer):
    """An HTTP server of one function: request bytes -> reply bytes, or None to stay silent."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=256)
    peers = []

    def talk(peer):
        with contextlib.suppress(OSError):
            request = b""
            while b"\r\n\r\n" not in request:
                piece = peer.recv(4096)
                if not piece:
                    return
                request += piece
            reply = answer(request)
            if reply is not None:
                peer.sendall(reply)
                peer.close()

    def accept():
        with contextlib.suppress(OSError):
            while True:
                peer, _ = listening.accept()
                peers.append(peer)
                threading.Thread(target=talk, args=(peer,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for peer in peers:
            with contextlib.suppress(OSError):
                peer.close()


def page(body, status=b"200 OK"):
    return b"HTTP/1.1 " + status + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def processes_of_kettle():
    """Every living process that runs the binary under test."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state = (entry / "stat").read_text().rpartition(") ")[2][:1]
            if state != "Z" and os.readlink(entry / "exe") == os.path.realpath(KETTLE):
                found.append(int(entry.name))
    return found


def until(condition):
    end = time.monotonic() + LONG_S
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="kettle-cli-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def file(self, name, data):
        path = self.folder / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return str(path)

    def complains(self, done, status, *parts):
        """One clear line on stderr that names the thing, and nothing on stdout."""
        self.assertEqual(done.returncode, status, done.err)
        self.assertEqual(done.err.count("\n"), 1, done.err)
        self.assertTrue(done.err.startswith("kettle"), done.err)
        for part in parts:
            self.assertIn(part, done.err)
        self.assertEqual(done.out, "")


class WhatIsAsked(Case):
    def test_help_and_version(self):
        self.assertIn("Examples:", run("--help").out)
        help_of_compare = run("compare", "--help")
        self.assertEqual(help_of_compare.returncode, 0)
        self.assertIn("kettle compare --url", help_of_compare.out)
        self.assertRegex(run("--version").out, r"^kettle \d+\.\d+\.\d+\n$")

    def test_wrong_command_lines(self):
        for arguments, part in [
            ([], "say what to do"),
            (["primer"], '"primer"'),
            (["compare", "--frobnicate"], "--frobnicate"),
            (["compare", "--methods", "telepathy"], '"telepathy"'),
            (["compare", "--workload", "idling"], '"idling"'),
            (["compare", "--items", "0"], '"0"'),
            (["compare", "--items", "1e3"], '"1e3"'),
            (["compare", "--width", "-1"], '"-1"'),
            (["compare", "--rounds", "x"], '"x"'),
            (["compare", "--timeout", "0"], '"0"'),
            (["compare", "--delay", "soon"], '"soon"'),
            (["compare", "--url", "https://h/"], "https needs TLS"),
            (["compare", "--url", "nonsense"], "nonsense"),
            (["compare", "--exec", "cat"], "no {}"),
            (["compare", "--exec", "cat '{}'"], "quoted word already"),
            (["compare", "--url", "http://h/", "--files", "."], "different kinds"),
            (["compare", "--input", "x"], "--exec"),
            (["compare", "--url-file", "/none"], "/none: No such file"),
            (["compare", "--files", "/none/*"], "/none/*"),
            (["compare", "--exec", "cat {}", "--input", "/none"], "/none: No such file"),
            (["compare", "--json", "/none/x"], "/none/x"),
            (["doctor", "--yaml"], "--yaml"),
        ]:
            with self.subTest(arguments):
                self.complains(run(*arguments), 2, part)

    def test_empty_lists(self):
        empty = self.file("empty", "\n# only this\n\n")
        self.complains(quick("--url-file", empty), 2, empty, "the list is empty")
        self.complains(quick("--exec", "cat {}"), 2, "standard input", "the list is empty")
        self.complains(quick("--files", str(self.folder / "*.none")), 2, "*.none")

    def test_nul_in_the_input_is_refused(self):
        self.complains(quick("--exec", "cat {}", stdin=b"a\nb\0c\n"), 2, "line 2 has a NUL byte")


class Doctor(Case):
    def test_says_what_it_found(self):
        done = run("doctor")
        self.assertEqual(done.returncode, 0)
        for word in ["loop", "io_uring", "kernel", "cores", "descriptors", "FSGSBASE"]:
            self.assertIn(word, done.out)

    def test_json(self):
        found = json.loads(run("doctor", "--json").out)
        self.assertEqual(found["schema"], "kettle.doctor/1")
        self.assertEqual(found["kernel"], os.uname().release)
        self.assertIn(found["loop"]["backend"], ["io_uring", "epoll"])

    def test_a_forced_back_end(self):
        forced = dict(os.environ, KETTLE_BACKEND="epoll")
        self.assertIn("KETTLE_BACKEND=epoll", run("doctor", env=forced).out)
        wrong = run("doctor", env=dict(os.environ, KETTLE_BACKEND="kqueue"))
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("kqueue", wrong.out)


class BuiltInWork(Case):
    def result(self, *arguments):
        path = str(self.folder / "result.json")
        done = quick("--json", path, *arguments)
        self.assertEqual(done.returncode, 0, done.err)
        self.assertEqual(done.err, "")
        return done.out, json.loads(pathlib.Path(path).read_text())

    def test_three_workloads_by_every_method(self):
        out, result = self.result("--items", "16", "--delay", "5")
        self.assertEqual(result["schema"], "kettle.compare/2")
        self.assertEqual([w["name"] for w in result["workloads"]], ["waiting", "computing", "mixed"])
        self.assertNotIn("\033", out)
        for work in result["workloads"]:
            self.assertIn(work["title"], out)
            self.assertIn(work["verdict"], out)
            self.assertFalse(work["answers_differ"])
            self.assertEqual([m["method"] for m in work["methods"]], METHODS)
            for m in work["methods"]:
                self.assertTrue(m["measured"], m)
                self.assertEqual(m["failed"], 0)
                self.assertGreater(m["lines"], 0)
                self.assertGreater(m["peak_kib"], 0)
                if m["method"] != "processes":
                    self.assertEqual(m["processes"], 1)
        self.assertTrue(result["workloads"][1]["files"])

    def test_each_method_is_what_it_says(self):
        # Figures of the kernel, not of the clock: who uses one thread, and how many at once.
        _, result = self.result("--workload", "waiting", "--items", "40", "--delay", "50")
        by = {m["method"]: m for m in result["workloads"][0]["methods"]}
        self.assertEqual([by[m]["width"] for m in METHODS], [1] + [40] * (len(METHODS) - 1))
        self.assertEqual(by["sequential"]["threads"], 1)
        self.assertGreaterEqual(by["threads"]["threads"], 40)
        self.assertGreaterEqual(by["processes"]["processes"], 41)
        self.assertEqual(by["coroutines"]["threads"], 1)
        if "green" in METHODS:
            self.assertEqual(by["green"]["threads"], 1)
        # 40 waits of 50 ms: one after the other they cannot take less than 2 s.
        self.assertGreaterEqual(by["sequential"]["wall_s"]["median"], 2.0)
        for m in METHODS[1:]:
            self.assertGreaterEqual(by[m]["wall_s"]["median"], 0.05)
            self.assertLess(by[m]["wall_s"]["median"], by["sequential"]["wall_s"]["median"])

    def test_width_and_methods(self):
        _, result = self.result(
            "--workload", "waiting", "--items", "8", "--width", "2", "--methods", "fibers,threads")
        work = result["workloads"][0]
        self.assertEqual([m["method"] for m in work["methods"]], ["fibers", "threads"])
        self.assertEqual([m["width"] for m in work["methods"]], [2, 2])
        self.assertIn("sequential was not among the methods", work["verdict"])

    def test_fibers_are_a_sixth_by_name(self):
        _, result = self.result("--workload", "waiting", "--items", "40", "--methods", "fibers")
        self.assertEqual(result["workloads"][0]["methods"][0]["threads"], 1)

    def test_ten_thousand_at_once_and_what_would_take_too_long_is_scaled(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < 10_100:
            self.skipTest(f"the hard limit of descriptors is {hard}")
        many = [m for m in METHODS if m in ("coroutines", "green")]
        out, result = self.result(
            "--workload", "waiting", "--items", "10000", "--timeout", "60",
            "--methods", ",".join(["sequential", *many]))
        by = {m["method"]: m for m in result["workloads"][0]["methods"]}
        for m in many:
            self.assertEqual((by[m]["width"], by[m]["items"]), (10000, 10000))
            self.assertFalse(by[m]["scaled"])
            self.assertEqual(by[m]["threads"], 1)
        self.assertTrue(by["sequential"]["scaled"])
        self.assertEqual(by["sequential"]["items"], 200)
        # 10000 waits of 20 ms, one after the other.
        self.assertGreaterEqual(by["sequential"]["wall_s"]["median"], 200)
        self.assertIn("~ measured on 200 of the 10000 items and scaled", out)

    def test_too_low_a_hard_limit_is_one_line(self):
        def limited(*arguments):
            return subprocess.run(
                ["sh", "-c", 'ulimit -n 256; exec "$0" "$@"', KETTLE, "compare", "--rounds", "1",
                 "--workload", "waiting", "--items", "300", "--delay", "1", *arguments],
                capture_output=True, text=True, timeout=LONG_S, check=False)

        done = limited("--methods", "coroutines")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stderr, "kettle compare: waiting: the hard limit of 256 descriptors "
                         "(ulimit -Hn) allows 192 of the 300 items at once: coroutines\n")
        refused = limited("--methods", "coroutines", "--width", "300")
        self.assertEqual(refused.returncode, 2)
        self.assertEqual(refused.stderr, "kettle: --width 300: the hard limit of 256 descriptors "
                         "(ulimit -Hn) allows 192 at once\n")

    def test_green_without_its_library_is_an_error_and_no_silent_fall_back(self):
        done = quick("--workload", "waiting", "--items", "2", "--methods", "green",
                     env=dict(os.environ, KETTLE_GREEN="off"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("is not at work here", done.err)

    def test_both_back_ends(self):
        for backend in ["epoll", "io_uring"]:
            env = dict(os.environ, KETTLE_BACKEND=backend)
            if run("doctor", env=env).returncode != 0:
                continue
            done = quick("--workload", "waiting", "--items", "8", env=env)
            self.assertEqual(done.returncode, 0, done.err)
            self.assertEqual(done.err, "")

    def test_a_denied_back_end_is_no_silent_fall_back(self):
        env = dict(os.environ, KETTLE_BACKEND="kqueue")
        done = quick("--workload", "waiting", "--items", "2", "--methods", "coroutines", env=env)
        self.assertEqual(done.returncode, 1)
        self.assertIn("kqueue", done.err)


class Page(html.parser.HTMLParser):
    """What a page holds: its text, its elements, and what it would fetch."""

    def __init__(self, text):
        super().__init__()
        self.text, self.open, self.elements, self.fetches = "", [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.fetches += [(tag, name, value) for name, value in attrs
                         if name in ("src", "href", "xlink:href", "data", "action", "srcset")]
        if tag not in ("meta", "rect", "line"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        self.text += data
        if self.open and self.open[-1] == "style" and ("url(" in data or "@import" in data):
            self.fetches.append(("style", data))


class Html(Case):
    def test_one_page_that_holds_everything_and_fetches_nothing(self):
        path = self.folder / "r.html"
        result = self.folder / "r.json"
        with server(lambda request: page(b"hello")) as base:
            done = quick("--url", base + "/?<b>&x", "--items", "6", "--html", str(path),
                         "--json", str(result))
        self.assertEqual((done.returncode, done.err), (0, ""))
        work = json.loads(result.read_text())["workloads"][0]
        seen = Page(path.read_text(encoding="utf-8"))
        self.assertEqual(seen.open, [])
        self.assertEqual(seen.fetches, [])
        self.assertFalse({"script", "link", "img", "iframe", "b"} & set(seen.elements))
        self.assertEqual(seen.elements.count("svg"), 1)
        self.assertEqual(seen.elements.count("rect"), len(METHODS))
        self.assertIn(work["verdict"], seen.text)
        for m in METHODS:
            self.assertIn(m, seen.text)

    def test_a_page_that_cannot_be_written_is_named(self):
        self.complains(run("compare", "--html", "/none/x"), 2, "--html /none/x")


class OwnPages(Case):
    def test_good_pages(self):
        with server(lambda request: page(b"hello")) as base:
            done = quick("--url", base + "/x", "--items", "6")
        self.assertEqual((done.returncode, done.err), (0, ""))
        self.assertIn("6 requests to 1 URL", done.out)

    def test_one_bad_page_leaves_the_others(self):
        def answer(request):
            return page(b"no", b"404 Not Found") if b"/bad" in request else page(b"yes")

        with server(answer) as base:
            urls = self.file("urls", f"# mine\n{base}/good\n{base}/bad\n")
            done = quick("--url-file", urls, "--items", "4")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.err, f"kettle compare: {base}/bad: the server answered 404\n")
        self.assertIn("4 requests to 1 URL", done.out)

    def fails(self, reply, why):
        with server(lambda request: reply) as base:
            done = quick("--url", base + "/", "--items", "2", "--timeout", "0.3")
        self.complains(done, 1, base + "/", why)

    def test_what_a_server_may_do_wrong(self):
        self.fails(b"SSH-2.0-nothing\r\n", "the reply is not HTTP")
        self.fails(b"", "the peer closed without an answer")
        self.fails(page(b"gone", b"500 Oops"), "the server answered 500")
        self.fails(page(b"", b"301 Moved"), "does not follow")
        self.fails(b"HTTP/1.1 200 OK\r\nContent-Length: 67108865\r\n\r\n", "longer than 64 MiB")
        self.fails(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", "ended after 5 of 9 bytes")

    def test_a_server_that_never_answers(self):
        self.fails(None, "no answer within 0.3 s")

    def test_nobody_listens(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"http://127.0.0.1:{free.getsockname()[1]}/"
            self.complains(quick("--url", address), 1, address, "Connection refused")

    def test_an_unknown_host(self):
        self.complains(
            quick("--url", "http://no-such-host.invalid/", "--timeout", "5"), 1,
            "no-such-host.invalid")


class OwnFiles(Case):
    def test_a_folder_and_a_pattern(self):
        self.file("a.txt", "one two\n")
        self.file("b.txt", b"\xff\xfe" * 100)
        self.file("c.bin", "x")
        self.assertIn("3 files hashed", quick("--files", str(self.folder)).out)
        done = quick("--files", str(self.folder / "*.txt"))
        self.assertEqual((done.returncode, done.err), (0, ""))
        self.assertIn("2 files hashed", done.out)

    def test_names_of_any_bytes(self):
        pathlib.Path(os.fsdecode(os.fsencode(self.folder) + b"/n\xff me %41\n")).write_text("x")
        path = str(self.folder) + "/out.json"
        done = quick("--files", str(self.folder / "n*"), "--json", path)
        self.assertEqual((done.returncode, done.err), (0, ""))
        json.loads(pathlib.Path(path).read_text())

    def test_an_unreadable_file_is_named_and_the_others_are_done(self):
        # Whoever runs the tests, reading here fails: nothing is mapped at address 0.
        os.symlink("/proc/self/mem", self.folder / "broken")
        self.file("good", "text\n")
        done = quick("--files", str(self.folder / "*"))
        self.assertEqual(done.returncode, 1)
        self.assertEqual(
            done.err, f"kettle compare: {self.folder}/broken: Input/output error\n")
        self.assertIn("2 files hashed", done.out)


class OwnCommands(Case):
    def test_nothing_in_an_item_is_interpreted(self):
        target = self.folder / "touched"
        items = f"$(touch {target})\n`touch {target}`\n; touch {target}\n' ; touch {target} ; '\na  b\n"
        log = self.folder / "log"
        done = quick("--exec", f"printf '%s\\n' {{}} >> {log}", "--methods", "sequential",
                     stdin=items.encode())
        self.assertEqual((done.returncode, done.err), (0, ""))
        self.assertFalse(target.exists())
        lines = log.read_text()
        self.assertEqual(lines, items * (lines.count("\n") // items.count("\n")))

    def test_every_method_runs_every_line_and_their_output_is_dropped(self):
        log = self.folder / "log"
        items = self.file("items", "".join(f"item {i}\n" for i in range(20)))
        path = str(self.folder / "r.json")
        done = quick("--exec", f"echo {{}} | tee -a {log}", "--input", items, "--json", path)
        self.assertEqual((done.returncode, done.err), (0, ""))
        self.assertNotIn("item 7", done.out)
        lines = log.read_text().splitlines()
        for i in range(20):
            self.assertEqual(lines.count(f"item {i}") % len(METHODS), 0)
            self.assertGreater(lines.count(f"item {i}"), 0)
        by = {m["method"]: m for m in json.loads(pathlib.Path(path).read_text())["workloads"][0]["methods"]}
        self.assertEqual(by["sequential"]["processes"], 2)
        for m in METHODS:
            self.assertGreaterEqual(by[m]["processes"], 2)
            # Of a pool of processes: itself, the pool's server, 20 workers, and what each runs.
            self.assertLessEqual(by[m]["processes"], 42 if m == "processes" else 21)

    def test_a_command_that_fails_is_named(self):
        done = quick("--exec", "test {} = good", stdin=b"good\nbad\n")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.err, "kettle compare: bad: exit status 1\n")

    def test_a_command_that_hangs_is_ended(self):
        done = quick("--exec", "sleep {}", "--timeout", "0.2", "--methods", "coroutines", stdin=b"600\n")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.err, "kettle compare: 600: not done within 0.2 s\n")


class Interrupted(Case):
    def start(self, *arguments):
        started = subprocess.Popen(
            [KETTLE, "compare", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True, bufsize=0)
        self.addCleanup(lambda: (started.kill(), started.communicate()))
        return started

    def test_ctrl_c_leaves_a_partial_table_and_nothing_else(self):
        path = self.folder / "r.json"
        # One quick method, then one that takes as long as it likes: 1000 times 60 s.
        started = self.start(
            "--workload", "computing,waiting", "--rounds", "1", "--items", "1000", "--delay", "60000",
            "--timeout", "80000", "--methods", "sequential", "--json", str(path))
        started.stdout.readline()
        os.killpg(started.pid, signal.SIGINT)
        out, err = started.communicate(timeout=LONG_S)
        self.assertEqual(started.returncode, -signal.SIGINT)
        self.assertIn("sequential", out.decode())
        self.assertIn("interrupted", err.decode())
        self.assertTrue(json.loads(path.read_text())["interrupted"])
        self.assertTrue(until(lambda: not processes_of_kettle()), processes_of_kettle())
        self.assertEqual([p.name for p in self.folder.iterdir()], ["r.json"])

    def test_ctrl_c_ends_commands_too(self):
        marker = str(self.folder / "running")
        for method in METHODS:
            started = self.start(
                "--exec", f"touch {marker}; exec sleep 600.{os.getpid()} # {{}}", "--methods", method,
                "--input", self.file("one", "x\n"), "--timeout", "80000")
            self.assertTrue(until(lambda: os.path.exists(marker)))
            os.kill(started.pid, signal.SIGINT)
            started.communicate(timeout=LONG_S)
            self.assertEqual(started.returncode, -signal.SIGINT, method)
            wanted = b"sleep\x00600.%d\x00" % os.getpid()

            def sleepers():
                found = []
                for entry in pathlib.Path("/proc").glob("[0-9]*"):
                    with contextlib.suppress(OSError):
                        if (entry / "cmdline").read_bytes() == wanted:
                            found.append(entry.name)
                return found

            self.assertEqual(sleepers(), [], method)
            os.unlink(marker)

    def test_when_kettle_is_killed_its_processes_die(self):
        started = self.start("--workload", "waiting", "--delay", "60000", "--timeout", "80000",
                             "--methods", "sequential")
        self.assertTrue(until(lambda: len(processes_of_kettle()) >= 3))
        started.kill()
        started.communicate()
        self.assertTrue(until(lambda: not processes_of_kettle()), processes_of_kettle())


    def test_when_kettle_is_killed_the_commands_die_too(self):
        marker = self.folder / "running"
        wanted = b"sleep\x00601.%d\x00" % os.getpid()

        def sleepers():
            found = []
            for entry in pathlib.Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError):
                    if (entry / "cmdline").read_bytes() == wanted:
                        found.append(entry.name)
            return found

        for method in METHODS:
            started = self.start(
                "--exec", f"touch {marker}; exec sleep 601.{os.getpid()} # {{}}", "--methods", method,
                "--input", self.file("one", "x\n"), "--timeout", "80000")
            self.assertTrue(until(lambda: marker.exists() and sleepers()))
            started.kill()
            started.communicate()
            self.assertTrue(until(lambda: not sleepers()), method)
            self.assertTrue(until(lambda: not processes_of_kettle()), processes_of_kettle())
            marker.unlink()


class Terminal(Case):
    def test_a_terminal_gets_a_bar_and_blocks(self):
        main, end = pty.openpty()
        env = dict(os.environ, TERM="xterm")
        with subprocess.Popen(
                [KETTLE, "compare", "--workload", "waiting", "--items", "4", "--rounds", "1"],
                stdin=end, stdout=end, stderr=end, env=env) as started:
            os.close(end)
            text = b""
            with contextlib.suppress(OSError):
                while select.select([main], [], [], LONG_S)[0]:
                    text += os.read(main, 4096)
            started.wait(LONG_S)
        os.close(main)
        self.assertIn(b"\r\x1b[K[", text)
        self.assertIn("\u2588".encode(), text)
        self.assertIn(b"waiting: sequential, round 1", text)


if __name__ == "__main__":
    KETTLE = sys.argv.pop(1)
    if not (pathlib.Path(KETTLE).parent.parent / "lib/libkettle_green.so").exists():
        METHODS.remove("green")
    unittest.main()
