"""The scheduler of extras/green uses no memory, lock or stream of libc: a fiber may be parked inside any of them."""

import re

import cpp
from tree import Finding

# Who runs between two fibers. The functions taken over (hook_*), the start and the donors are ordinary code.
FILES = [
    f"extras/green/{name}.{kind}"
    for name in "engine engine_ring fiber lot machine memory moments report scheduler timers".split()
    for kind in ("cpp", "hpp")
]
CALLS = re.compile(
    r"\b(?:malloc|calloc|realloc|free|f?printf|snprintf|fwrite|puts|getenv|dlsym|pthread_\w+|sem_\w+|syscall)\s*\("
    r"|(?<![:\w])new\b(?!\s*\()|\bdelete\s+\w|\bstd::(?!u?int\d+_t|uintptr_t|size_t)\w+|\bthrow\b"
)
# Headers of types, constants and inline functions.
HEADERS = re.compile(
    r"^(?:c(?:errno|stddef|stdint)|(?:linux|sys)/\w+\.h|(?:poll|signal|time)\.h|kettle/base/(?:atomic|require)\.hpp)$"
)


def check(tree):
    for path in tree.files(*FILES):
        yield from tree.find(path, CALLS, "'{0}' in the scheduler of the green threads, where libc may be locked")
        for line, name, quoted in cpp.includes(tree.text(path)):
            if not quoted and not HEADERS.match(name):
                yield Finding(path, line, f"<{name}> in the scheduler of the green threads, which is freestanding")
