"""Trees with a violation planted in them, and the rules let loose on them."""

import contextlib
import io
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tools" / "house"))
sys.dont_write_bytecode = True

import check  # noqa: E402  (after the path)
from tree import Tree  # noqa: E402


class RuleTest(unittest.TestCase):
    """`rule` is the rule under test: catches() plants files and wants findings, allows() wants none."""

    rule = None

    def plant(self, files):
        root = tempfile.mkdtemp(prefix="house-")
        self.addCleanup(shutil.rmtree, root)
        for path, text in files.items():
            file = Path(root) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return Path(root)

    def findings(self, files):
        tree = Tree(self.plant(files))
        return [str(f) for f in sorted(check.load(self.rule).check(tree))]

    def catches(self, where, says, files):
        """Exactly one finding, at `where` ('path:line'), whose text contains `says`."""
        found = self.findings(files)
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(where + ":"), found[0])
        self.assertIn(says, found[0])

    def allows(self, files):
        self.assertEqual(self.findings(files), [])


def run_check(*argv):
    """(exit status, stdout) of the driver."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        try:
            status = check.main(list(map(str, argv)))
        except SystemExit as stop:
            status = stop.code
    return status, out.getvalue()


def have(tool):
    return shutil.which(tool) is not None
