"""What belongs to a thread is in thread_state, which an explored build exchanges when it plays another thread."""

import re

WORD = re.compile(r"\bthread_local\b|\b__thread\b")
# The struct itself; the seam's own; the sanitizers' note about one switch.
HOMES = {"include/kettle/base/thread_state.hpp", "include/kettle/base/seam.hpp", "src/fibers/sanitizer.hpp"}


def check(tree):
    for path in tree.files("include", "src", tests=False):
        if path not in HOMES:
            yield from tree.find(path, WORD, "{0}: a thread's own things are in <kettle/base/thread_state.hpp>")
