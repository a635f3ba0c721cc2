"""Each source of src/ and apps/ has its test beside it: event.cpp and event_test.cpp."""

from tree import Finding


def check(tree):
    for path in tree.files("src", "apps", match=("*.cpp",), tests=False):
        test = path.removesuffix(".cpp") + "_test.cpp"
        if not path.endswith("/main.cpp") and test not in tree.all_files():
            yield Finding(path, 1, f"no test beside it: {test}")
        elif test in tree.all_files() and "TEST" not in tree.code(test):
            yield Finding(test, 1, "a test file without a TEST")
