#!/usr/bin/python3
"""The house rules, as a program: each file of rules/ is one rule.

    check.py [--root DIR] [--fix] [--list] [RULE...]        (default: every rule)

Prints 'path:line: what is wrong [rule]' for each finding. Exit status: 0 none, 1 some, 2 usage.
"""

import argparse
import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from tree import Tree  # noqa: E402  (after the path)

RULES = sorted(f.stem for f in (Path(__file__).parent / "rules").glob("*.py"))


def load(name):
    return importlib.import_module(f"rules.{name}")


def main(argv):
    p = argparse.ArgumentParser(prog="check", description="the house rules")
    p.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2])
    p.add_argument("--fix", action="store_true", help="repair what a rule can repair (format)")
    p.add_argument("--list", action="store_true", help="the rules and what each asks")
    p.add_argument("rules", nargs="*", metavar="RULE")
    options = p.parse_args(argv)
    unknown = set(options.rules) - set(RULES)
    if unknown:
        p.error(f"no rule {', '.join(sorted(unknown))}; there are: {', '.join(RULES)}")
    if options.list:
        for name in RULES:
            print(f"{name:13} {load(name).__doc__.splitlines()[0]}")
        return 0

    tree = Tree(options.root.resolve())
    total = 0
    for name in options.rules or RULES:
        rule = load(name)
        if options.fix and hasattr(rule, "fix"):
            rule.fix(tree)
        findings = sorted(rule.check(tree))
        for finding in findings:
            print(f"{finding} [{name}]", flush=True)
        print(f"{name}: {len(findings) or 'nothing'} found", file=sys.stderr, flush=True)
        total += len(findings)
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
