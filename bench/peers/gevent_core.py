"""gevent's side of the fiber measurements: yield | join"""

import sys
import time

from figures import missing, report

try:
    import gevent
except ImportError:
    missing("python3-gevent")


def yielding(count, times):
    def one():
        for _ in range(times):
            gevent.sleep(0)

    begin = time.monotonic()
    gevent.joinall([gevent.spawn(one) for _ in range(count)])
    return (time.monotonic() - begin) / (count * times) * 1e9


def join(n):
    """One after the other."""
    begin = time.monotonic()
    for _ in range(n):
        gevent.spawn(int).join()
    return (time.monotonic() - begin) / n * 1e9


if sys.argv[1] == "yield":
    yielding(1000, 3)
    report(yielding(1000, 200), "ns")
else:
    join(1000)
    report(join(30_000), "ns")
