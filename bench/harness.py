"""How kettle's figures are taken and judged: interleaved rounds, the busy probe, medians, verdicts.

Nothing here knows a particular measurement; bench/groups.py lists those.
"""

import os
import statistics
import time
from dataclasses import dataclass, field
from typing import Callable, Optional

BUSY_SHARE = 0.10  # a round is discarded when others took more of the probe's time than this
REPEATS = 3  # at most so many times the wanted rounds are tried
PROBE_NS = 20_000_000


class Missing(Exception):
    """A side that is not installed or not built; its text says which package or target."""


class Failed(Exception):
    """A side that is there and did not give its figures; its text says how it ended."""


@dataclass(frozen=True)
class Side:
    """One of the programs that do the same work: kettle's, a peer's, or the floor's.

    `run` gives {measure: value}; a program with a single figure calls its measure "".
    """

    name: str
    run: Callable[[], dict]
    note: str = ""


@dataclass(frozen=True)
class Row:
    """One line of targets.md and of the JSON. `measure` is what `Side.run` calls the figure."""

    name: str
    unit: str
    target: Optional[float]
    measure: str = ""
    better: str = "lower"
    against: Optional[str] = None  # the side the target names; None: the target is a figure in `unit`
    speed_up: bool = False  # the ratio is other/kettle instead of kettle/other


@dataclass(frozen=True)
class Work:
    """What is measured together: every side once per round. Sides 'kettle' and 'floor' are ours."""

    name: str
    rows: list
    sides: list
    rounds: int = 7
    seconds: float = 5.0  # expected length of a round; only shares out the group's time


@dataclass
class Taken:
    """The rounds of one work: {side: {measure: value}} each."""

    wanted: int
    kept: list = field(default_factory=list)
    spoilt: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    missing: dict = field(default_factory=dict)
    failed: dict = field(default_factory=dict)

    @property
    def busy(self):
        return bool(self.spoilt) and 2 * len(self.kept) < self.wanted

    @property
    def rounds(self):
        """What the medians are taken of: the quiet rounds, or for want of them whatever there is."""
        return self.kept or self.spoilt


def run_queue_share(core):
    """Spins on `core` and gives the share of that time in which others had it."""

    def waited_ns():
        with open("/proc/thread-self/schedstat", encoding="ascii") as f:
            return int(f.read().split()[1])

    os.sched_setaffinity(0, {core})
    begin, before = time.monotonic_ns(), waited_ns()
    while time.monotonic_ns() - begin < PROBE_NS:
        pass
    return (waited_ns() - before) / (time.monotonic_ns() - begin)


def probe():
    """Share of 20 ms on every usable core that others took: the probe's own time on run queues.

    The spinning threads are single-threaded children: threads of one Python take turns.
    """
    children = []
    for core in sorted(os.sched_getaffinity(0)):
        out, into = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.write(into, repr(run_queue_share(core)).encode())
            finally:
                os._exit(0)
        os.close(into)
        children.append((pid, out))
    shares = []
    for pid, out in children:
        with os.fdopen(out) as f:
            shares.append(float(f.read() or 1.0))
        os.waitpid(pid, 0)
    return sum(shares) / len(shares)


def rotated(sides, by):
    """The sides in an order that moves by one a round, so that none is always first or warm."""
    by %= len(sides)
    return sides[by:] + sides[:by]


def take(work, wanted, share=probe, deadline=float("inf"), clock=time.monotonic, say=lambda text: None):
    """Runs every side once per round until `wanted` quiet rounds are kept, or 3x that were tried."""
    taken = Taken(wanted)
    sides = list(work.sides)
    for attempt in range(REPEATS * wanted):
        if len(taken.kept) == wanted or not sides or (attempt and clock() >= deadline):
            break
        before = share()
        figures = one_round(rotated(sides, attempt), taken)
        after = share()
        sides = [s for s in sides if s.name not in taken.missing and s.name not in taken.failed]
        quiet = max(before, after) <= BUSY_SHARE
        (taken.kept if quiet else taken.spoilt).append(figures)
        say(f"{work.name}: round {attempt + 1}, {len(taken.kept)} of {wanted} quiet")
    if len(taken.kept) < wanted and len(taken.kept) + len(taken.spoilt) < REPEATS * wanted:
        taken.notes.append(f"out of time after {len(taken.kept) + len(taken.spoilt)} rounds")
    if not taken.kept and taken.spoilt:
        taken.notes.append(f"no quiet round: figures of {len(taken.spoilt)} disturbed ones")
    taken.notes += [f"{s.name}: {s.note}" for s in sides if s.note]
    taken.notes += [f"{name}: missing, {why}" for name, why in taken.missing.items()]
    taken.notes += [f"{name}: failed, {why}" for name, why in taken.failed.items()]
    return taken


def one_round(sides, taken):
    figures = {}
    for side in sides:
        try:
            figures[side.name] = side.run()
        except Missing as why:
            taken.missing[side.name] = str(why)
        except Failed as why:
            taken.failed[side.name] = str(why)
    return figures


def values(taken, side, measure):
    """That side's figure in each round, in order; None where it gave none."""
    return [r.get(side, {}).get(measure) for r in taken.rounds]


def median(figures):
    known = [f for f in figures if f is not None]
    return statistics.median(known) if known else None


def spread(figures):
    """Interquartile range over the median; 0 for a single figure."""
    known = [f for f in figures if f is not None]
    if not known:
        return None
    if len(known) == 1:
        return 0.0
    low, _, high = statistics.quantiles(known, n=4, method="inclusive")
    middle = statistics.median(known)
    return (high - low) / middle if middle else 0.0


def quotient(row, kettle, other):
    if not kettle or not other:
        return None
    return other / kettle if row.speed_up else kettle / other


def verdict(row, figure, busy):
    """Whether the target is met: None when the machine was busy, or the figure is not there."""
    if busy or figure is None or row.target is None:
        return None
    return figure <= row.target if row.better == "lower" else figure >= row.target


def judge(group, row, taken):
    """The JSON row. `ratio` is to what the target names: that side, or else the target's own figure."""
    mine = values(taken, "kettle", row.measure)
    kettle = median(mine)
    told = [n for r in taken.rounds for n in r if row.measure in r[n]]
    peers = {
        name: median(values(taken, name, row.measure))
        for name in [*taken.missing, *told, *taken.failed]
        if name not in ("kettle", "floor")
    }
    if row.against:
        other = median(values(taken, row.against, row.measure))
        ratio = figure = quotient(row, kettle, other)
        theirs = values(taken, row.against, row.measure)
        varies = spread([quotient(row, k, o) for k, o in zip(mine, theirs)])
    else:
        ratio, figure, varies = quotient(row, kettle, row.target), kettle, spread(mine)
    ok = False if "kettle" in taken.failed else verdict(row, figure, taken.busy)
    return {
        "group": group,
        "name": row.name,
        "unit": row.unit,
        "kettle": kettle,
        "peers": dict(sorted(peers.items())),
        "floor": median(values(taken, "floor", row.measure)),
        "ratio": ratio,
        "against": row.against or "target",
        "better": row.better,
        "target": row.target,
        "ok": ok,
        "spread": varies,
        "rounds": len(taken.kept),
        "busy": taken.busy,
        "notes": taken.notes,
    }
