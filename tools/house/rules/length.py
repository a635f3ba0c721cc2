"""Files of at most 600 lines, lines of at most 100 columns."""

from tree import Finding

LINES = 600
COLUMNS = 100
FOLDERS = ("include", "src", "extras", "apps", "examples", "bench", "tests", "tools", "primer", "cmake")
SOURCES = ("*.cpp", "*.hpp", "*.inc", "*.S", "*.py", "*.cmake", "CMakeLists.txt")
PYTHON_COLUMNS = 120


def check(tree):
    for path in tree.files(*FOLDERS, "dev", "CMakeLists.txt", match=(*SOURCES, "dev")):
        widest = COLUMNS if path.endswith((".cpp", ".hpp", ".inc", ".S")) else PYTHON_COLUMNS
        lines = list(tree.lines(path))
        if len(lines) > LINES:
            yield Finding(path, len(lines), f"{len(lines)} lines: split it by idea")
        for number, line in lines:
            if len(line) > widest and "http" not in line and 'R"' not in line:
                yield Finding(path, number, f"{len(line)} columns, at most {widest}")
