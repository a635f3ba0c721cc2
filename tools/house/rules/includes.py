"""Public headers stay away from the standard headers that cost the most to read."""

import cpp
from tree import Finding

# Name: what to do instead.
FORBIDDEN = {
    "thread": "hide threads in the library",
    "future": "kettle's own future",
    "stop_token": "cancel_scope",
    "iostream": "print in the library, if at all",
    "functional": "a template parameter or base's small function",
    "ranges": "iterators or std::span",
    "atomic": "<kettle/base/atomic.hpp>",
    "mutex": "hide the lock in the library",
}


def check(tree):
    for path in tree.files("include"):
        for line, name, _ in cpp.includes(tree.text(path)):
            if name in FORBIDDEN:
                yield Finding(path, line, f"public headers never include <{name}>: {FORBIDDEN[name]}")
