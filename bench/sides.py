"""What a side of a measurement can be: a program that prints figures, or a command that is timed."""

import json
import os
import subprocess
import sys
import tempfile
import time

from harness import Failed, Missing, Side

TIMEOUT_S = 180
NOT_INSTALLED = 77  # a peer's script exits so when its module is not there
OURS = ("kettle", "floor")


def figures(text):
    """{measure: value} of the JSON lines of a program; the measure of an unnamed line is ''."""
    found = {}
    for line in text.splitlines():
        if line.startswith("{"):
            one = json.loads(line)
            found[one.get("name", "")] = float(one["value"])
    return found


def execute(command, what, cwd=None, env=None):
    """Runs it quietly and gives its stdout; Failed with the error it named, or its last line, otherwise."""
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{what}: no end after {TIMEOUT_S} s") from None
    except OSError as why:
        raise Failed(f"{what}: {why.strerror}") from None
    if done.returncode == NOT_INSTALLED:
        raise Missing((done.stderr or done.stdout).strip().splitlines()[-1])
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        why = next((line for line in said if "error:" in line), said[-1])
        raise Failed(f"{what}: status {done.returncode}, {why}")
    return done.stdout


def program(name, path, *args, note="", package="", env=None, needs=None):
    """A built program that prints its figures. A peer's that was not built is missing; `needs`: what is run by ours."""

    def run():
        if not os.access(needs or path, os.X_OK):
            if name in OURS or not package:
                raise Failed(f"{path} is not built")
            raise Missing(f"not built: it needs {package}")
        found = figures(execute([path, *args], os.path.basename(path), env=env))
        if not found:
            raise Failed(f"{os.path.basename(path)} printed no figures")
        return found

    return Side(name, run, note)


def script(name, path, *args, note=""):
    """A Python peer, run by the distribution's Python: its packages are installed for that one."""

    def run():
        return figures(execute(["/usr/bin/python3", "-B", path, *args], os.path.basename(path)))

    return Side(name, run, note)


def timed(name, command, measure="", times=1, needs=None, package="", cwd=None):
    """Seconds of wall time of a command, the mean of `times` runs."""

    def run():
        if needs and not os.path.exists(needs):
            if name in OURS or not package:
                raise Failed(f"{needs} is not there")
            raise Missing(f"it needs {package}")
        begin = time.monotonic()
        for _ in range(times):
            execute(command, " ".join(map(os.path.basename, command[:2])), cwd)
        return {measure: (time.monotonic() - begin) / times}

    return Side(name, run)


def together(name, parts):
    """One side of several commands, each with its own measure."""

    def run():
        found = {}
        for part in parts:
            found.update(part.run())
        return found

    return Side(name, run)


class Compare:
    """`kettle compare` run once per round; its JSON is read by every side that asks in that round."""

    def __init__(self, kettle, args, read):
        self.kettle, self.args, self.read = kettle, args, read
        self.cells = {}

    def side(self, name, method):
        """The first side that is asked for a figure it has given already starts the next run."""

        def run():
            if method not in self.cells:
                self.cells = self.run()
            if method not in self.cells:
                raise Failed(f"kettle compare gave no figure for {method}")
            return {"": self.cells.pop(method)}

        return Side(name, run)

    def run(self):
        with tempfile.TemporaryDirectory() as folder:  # kettle puts a finished file in its place
            path = os.path.join(folder, "compare.json")
            execute([self.kettle, "compare", *self.args, "--json", path], "kettle compare")
            with open(path, encoding="utf-8") as told:
                return self.read(json.load(told))


def warn(text):
    print(f"bench: {text}", file=sys.stderr)
