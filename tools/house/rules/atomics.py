"""Every atomic of the library goes through base/atomic.hpp, where an explored build can see it."""

import re

RAW = re.compile(r"std::(?:atomic|memory_order)\w*|\b_Atomic\b|\b__atomic_\w+|\b__sync_\w+|#\s*include\s*<atomic>")
HOMES = {"include/kettle/base/atomic.hpp", "include/kettle/base/explored_atomic.hpp"}


def check(tree):
    for path in tree.files("include", "src", "extras", tests=False):
        if path not in HOMES:
            yield from tree.find(path, RAW, "{0}: use kettle::atomic of <kettle/base/atomic.hpp>")
