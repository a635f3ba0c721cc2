"""Python's side of the proc measurements: executor | pool"""

import concurrent.futures
import multiprocessing
import sys
import time

from figures import report

WORKERS = 2


def next_number(x):
    return x + 1


def echo(s):
    return s


def each(n, once):
    """Seconds of one of n, after a warm-up."""
    once(n // 10 + 1)
    begin = time.monotonic()
    once(n)
    return (time.monotonic() - begin) / n


def figures(call, many):
    """call(f, x) is one round trip; many(n) are n tiny tasks at once."""

    def calls(f, x):
        def once(n):
            for _ in range(n):
                call(f, x)

        return once

    report(each(3000, calls(next_number, 1)) * 1e6, "us", "round_trip")
    report(1e-3 / each(20000, many), "k/s", "tiny")
    report(each(50, calls(echo, "x" * (1 << 20))) * 1e3, "ms", "echo_1")
    report(each(2, calls(echo, "x" * (100 << 20))) * 1e3, "ms", "echo_100")


def executor():
    begin = time.monotonic()
    with concurrent.futures.ProcessPoolExecutor(WORKERS) as pool:
        for i in range(2):
            pool.submit(next_number, i).result()
        usable = time.monotonic() - begin

        def many(n):
            for f in [pool.submit(next_number, i) for i in range(n)]:
                f.result()

        figures(lambda f, x: pool.submit(f, x).result(), many)
    report(usable * 1e3, "ms", "usable")


def pool():
    begin = time.monotonic()
    with multiprocessing.Pool(WORKERS) as workers:
        for i in range(2):
            workers.apply(next_number, (i,))
        usable = time.monotonic() - begin

        def many(n):
            for _ in workers.imap_unordered(next_number, range(n)):
                pass

        figures(lambda f, x: workers.apply(f, (x,)), many)
    report(usable * 1e3, "ms", "usable")


if __name__ == "__main__":
    {"executor": executor, "pool": pool}[sys.argv[1]]()
