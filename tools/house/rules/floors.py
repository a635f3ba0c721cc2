"""A file includes its own room and lower floors; public headers include no private ones.

Tests stand outside the floors: a primitive of floor 3 has to be tried from coroutines, fibers and threads.
"""

import posixpath

import cpp
from tree import Finding, is_test

FLOORS = {
    "base": 0, "sys": 1, "core": 2, "loop": 3, "sync": 3, "threads": 4, "processes": 4, "coro": 4, "fibers": 4,
    "io": 5, "observe": 6, "testing": 6, "extras": 7, "apps": 8,
}
METHODS = {"threads", "processes", "coro", "fibers"}
EXTRAS = {"green", "tls", "mpi", "adviser", "explore"}  # folders of extras/, included as "green/fiber.hpp"
UMBRELLAS = {"kettle.hpp"}  # includes every room, so no room includes it


def room_of(path):
    """The room a file lives in; None for what stands outside the house: tests/, examples/, bench/, the umbrella."""
    parts = path.split("/")
    if parts[0] == "include":
        return parts[2] if len(parts) > 3 else None
    if parts[0] == "src":
        return parts[1] if len(parts) > 2 else None
    return parts[0] if parts[0] in ("apps", "extras") else None


def included_room(name, quoted):
    """(room, umbrella?) of an included file; (None, False) for other people's headers."""
    parts = name.split("/")
    if parts[0] == "kettle" and len(parts) > 1:
        return (parts[1], False) if len(parts) > 2 else (None, parts[1] in UMBRELLAS)
    if quoted and len(parts) > 1 and parts[0] in EXTRAS:
        return "extras", False
    if parts[0] == "extras" or (quoted and len(parts) > 1 and parts[0] in FLOORS):
        return parts[0], False
    return None, False


def check(tree):
    for path in tree.files("include", "src", "extras", "apps"):
        room = room_of(path)
        public = path.startswith("include/")
        if room is not None and room not in FLOORS:
            yield Finding(path, 1, f"'{room}' is no room of the house")
            continue
        for line, name, quoted in cpp.includes(tree.text(path)):
            if is_test(path):
                continue
            to, umbrella = included_room(name, quoted)
            if public and quoted:
                yield Finding(path, line, f'a public header includes by <kettle/...>, not "{name}"')
            elif umbrella and room not in (None, "apps", "extras"):
                yield Finding(path, line, f"a room includes what it needs, not <{name}>")
            elif to is not None and room is not None:
                yield from judge(path, line, room, to)
        if quoted_parent := [i for i in cpp.includes(tree.text(path)) if posixpath.normpath(i[1]).startswith("..")]:
            yield Finding(path, quoted_parent[0][0], "an include names its room, not '..'")


def judge(path, line, room, to):
    if to not in FLOORS:
        yield Finding(path, line, f"'{to}' is no room of the house")
    elif to == room:
        return
    elif to in METHODS and room in METHODS:
        yield Finding(path, line, f"the methods never include each other: {room} includes {to}")
    elif FLOORS[to] >= FLOORS[room]:
        yield Finding(path, line, f"{room} (floor {FLOORS[room]}) includes {to} (floor {FLOORS[to]})")
