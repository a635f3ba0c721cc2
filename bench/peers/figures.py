"""What the Python peers share: the line they print, this process's memory, and how to be missing."""

import json
import os
import sys


def report(value, unit, name=""):
    print(json.dumps({"name": name, "value": value, "unit": unit}), flush=True)


def resident():
    """Bytes of this process in memory now."""
    with open("/proc/self/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def missing(package):
    """Ends this peer the way bench/sides.py takes for 'not installed'."""
    print(f"it needs {package}", file=sys.stderr)
    sys.exit(77)
