"""asyncio's side of the core measurements: await | children | sleepers N"""

import asyncio
import sys
import time

from figures import report, resident

SLEEP_S = 5


async def leaf():
    return None


async def awaits(n):
    begin = time.monotonic()
    for _ in range(n):
        await leaf()
    return (time.monotonic() - begin) / n * 1e9


async def children(n):
    """Start and wait for a thousand at a time."""
    begin = time.monotonic()
    for _ in range(n // 1000):
        async with asyncio.TaskGroup() as group:
            for _ in range(1000):
                group.create_task(leaf())
    return (time.monotonic() - begin) / n * 1e9


async def sleepers(n):
    before, begin = resident(), time.monotonic()
    async with asyncio.TaskGroup() as group:
        for _ in range(n):
            group.create_task(asyncio.sleep(SLEEP_S))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        report((resident() - before) / n, "B", "bytes")
    report(time.monotonic() - begin - SLEEP_S, "s", "late")


async def main(what, count):
    if what == "await":
        await awaits(100_000)
        report(await awaits(3_000_000), "ns")
    elif what == "children":
        await children(10_000)
        report(await children(100_000), "ns")
    else:
        await sleepers(count)


asyncio.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0))
