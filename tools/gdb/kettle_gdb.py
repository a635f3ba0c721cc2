"""What every task of a kettle program waits for, in a core dump or in a process that hangs.

    gdb -p PID -x kettle_gdb.py -ex "kettle tasks" -batch
    gdb PROGRAM CORE -x kettle_gdb.py -ex "kettle tasks" -batch

It prints what kettle::dump_tasks() prints, without the program's help and without debug information: where things
are is told by two tables in the library. The program must not be stripped.
"""

import re

import gdb

VERSION = 1
# In the order of kettle_v0_layout (src/core/face.cpp).
FIELDS = """
    text_bytes text_number text_size
    face_next face_home face_thread face_resting face_running list_first
    home_root_scopes home_thread
    context_kind context_label context_frame context_waiting context_next
    scope_members scope_first_child scope_next scope_parent scope_effective scope_cause scope_reason
    promise_offset frame_continuation frame_where
""".split()
DEEPEST_INDENT = 20
LONGEST_CHAIN = 1000  # frames of one task; a torn list must not hold us
MOST_TASKS = 10_000_000


class Memory:
    def __init__(self):
        self.inferior = gdb.selected_inferior()

    def word(self, address, size=8):
        data = bytes(self.inferior.read_memory(address, size))
        return int.from_bytes(data, "little")

    def text(self, address, size=None):
        if not address:
            return ""
        if size is not None:
            return bytes(self.inferior.read_memory(address, size)).decode("utf-8", "replace")
        got = b""
        while b"\0" not in got and len(got) < 4096:
            got += bytes(self.inferior.read_memory(address + len(got), 1))
        return got.split(b"\0")[0].decode("utf-8", "replace")


def address_of(symbol):
    try:
        return int(gdb.parse_and_eval(f"(unsigned long)&{symbol}"))
    except gdb.error:
        return 0


class Program:
    def __init__(self):
        self.memory = Memory()
        table = address_of("kettle_v0_layout")
        if not table:
            raise gdb.GdbError("this program has no kettle in it, or is stripped")
        version = self.memory.word(table, 4)
        if version != VERSION:
            raise gdb.GdbError(f"this kettle is of another version: its layout is {version}, this script's {VERSION}")
        self.faces = self.memory.word(table + 8)
        self.at = {name: self.memory.word(table + 16 + 4 * i, 4) for i, name in enumerate(FIELDS)}
        mutexes = address_of("kettle_v0_mutex_layout")
        self.mutex = [self.memory.word(mutexes + 4 * i, 4) for i in range(2)] if mutexes else None

    def field(self, base, name, size=8):
        return self.memory.word(base + self.at[name], size)

    def label(self, block):
        """(number, name) of a label, (0, "") of none."""
        if not block:
            return 0, ""
        size = self.field(block, "text_size", 4) & 0x7FFFFFFF
        name = self.memory.text(block + self.at["text_bytes"], size)
        return self.field(block, "text_number"), re.sub(r"[\x00-\x1f]", "?", name)

    def task(self, context):
        number, name = self.label(self.field(context, "context_label"))
        kind = self.memory.text(self.memory.word(self.field(context, "context_kind")))
        return (f"#{number} " if number else "") + f"{name or 'task'} ({kind})"

    def what(self, wait):
        """The class of a wait, by the symbol of its virtual table."""
        symbol = gdb.execute(f"info symbol {self.memory.word(wait):#x}", to_string=True)
        found = re.match(r"vtable for (.*?)(?: \+ \d+)?(?: in section .*)?$", symbol.strip())
        if not found:
            return "something"
        return re.sub(r"kettle::(?:v0::)?(?:detail::)?", "", found.group(1))

    def lines(self, context):
        frame, places = self.field(context, "context_frame"), []
        for _ in range(LONGEST_CHAIN):
            if not frame:
                break
            promise = frame + self.at["promise_offset"]
            where = self.field(promise, "frame_where")
            if where:  # libstdc++: file, function, line, column
                file, line = self.memory.text(self.memory.word(where)), self.memory.word(where + 16, 4)
                if line and "kettle/coro/" not in file:
                    places.append(f"{file.rsplit('/', 1)[-1]}:{line}")
            frame = self.field(promise, "frame_continuation")
        return " at " + " <- ".join(places) if places else ""

    def wait(self, context):
        wait = self.field(context, "context_waiting")
        if not wait:
            return "runs or is ready"
        what = self.what(wait)
        text = f"waits for {what}"
        if self.mutex and what == "mutex_lock":
            owner = self.memory.word(self.memory.word(wait + self.mutex[0]) + self.mutex[1])
            text += f", held by {self.task(owner) if owner else 'nobody'}"
        return text + self.lines(context)

    def reason(self, scope):
        if not self.field(scope, "scope_effective", 1):
            return ""
        cause = self.field(scope, "scope_cause")
        why = self.memory.text(self.field(cause, "scope_reason")) if cause else "by its future"
        return ", cancelled" + (f": {why}" if why else "")

    def scopes(self, root):
        """(scope, depth) of all below, parents first."""
        scope, depth = root, 1
        for _ in range(MOST_TASKS):
            yield scope, depth
            inner = self.field(scope, "scope_first_child")
            if inner:
                scope, depth = inner, depth + 1
                continue
            while scope != root and not self.field(scope, "scope_next"):
                scope, depth = self.field(scope, "scope_parent"), depth - 1
            if scope == root:
                return
            scope = self.field(scope, "scope_next")

    def members(self, scope):
        context = self.field(scope, "scope_members")
        for _ in range(MOST_TASKS):
            if not context:
                return
            yield context
            context = self.field(context, "context_next")

    def roots(self, home):
        scope = self.field(home, "home_root_scopes")
        while scope:
            yield scope
            scope = self.field(scope, "scope_next")

    def homes(self):
        face = self.memory.word(self.faces + self.at["list_first"])
        while face:
            yield face
            face = self.field(face, "face_next")


def function_of(thread_id):
    for thread in gdb.selected_inferior().threads():
        if thread.ptid[1] != thread_id:
            continue
        before = gdb.selected_thread()
        thread.switch()
        name = gdb.newest_frame().name()
        if before:
            before.switch()
        return f", in {name}" if name else ""
    return ""


def print_tasks():
    program, resting = Program(), 0
    for face in program.homes():
        if program.field(face, "face_resting", 1):
            resting += 1
            continue
        thread = program.field(face, "face_thread", 4)
        _, name = program.label(program.field(face, "face_running"))
        print(f"thread {thread}{': last ran task ' + name if name else ''}{function_of(thread)}:")
        home = program.field(face, "face_home")
        for root in program.roots(home):
            for scope, depth in program.scopes(root):
                for context in program.members(scope):
                    indent = "  " * min(depth, DEEPEST_INDENT)
                    print(f"{indent}{program.task(context)} {program.wait(context)}{program.reason(scope)}")
    if resting:
        print(f"{resting} threads wait for work")


class Kettle(gdb.Command):
    """kettle tasks: what every task of the program waits for, and where."""

    def __init__(self):
        super().__init__("kettle", gdb.COMMAND_DATA)

    def complete(self, text, word):
        return [w for w in ["tasks"] if w.startswith(word or "")]

    def invoke(self, argument, from_tty):
        if argument.strip() != "tasks":
            raise gdb.GdbError("usage: kettle tasks")
        print_tasks()


Kettle()
