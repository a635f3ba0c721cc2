"""trio's side of the core measurements: children | sleepers N"""

import sys
import time

from figures import missing, report, resident

try:
    import trio
except ImportError:
    missing("python3-trio")

SLEEP_S = 5


async def leaf():
    return None


async def children(n):
    """Start and wait for a thousand at a time."""
    begin = time.monotonic()
    for _ in range(n // 1000):
        async with trio.open_nursery() as nursery:
            for _ in range(1000):
                nursery.start_soon(leaf)
    return (time.monotonic() - begin) / n * 1e9


async def sleepers(n):
    before, begin = resident(), time.monotonic()
    async with trio.open_nursery() as nursery:
        for _ in range(n):
            nursery.start_soon(trio.sleep, SLEEP_S)
        await trio.lowlevel.checkpoint()
        await trio.lowlevel.checkpoint()
        report((resident() - before) / n, "B", "bytes")
    report(time.monotonic() - begin - SLEEP_S, "s", "late")


async def main(what, count):
    if what == "children":
        await children(3_000)
        report(await children(30_000), "ns")
    else:
        await sleepers(count)


trio.run(main, sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
