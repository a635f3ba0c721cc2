#!/usr/bin/python3
"""Shows a header to doxygen: our comments are plain //, and mean what they say.

    docs_filter.py HEADER > what doxygen reads

The banner becomes the page of the file, a comment before a declaration its description, one after it on the same
line too. Nothing in a comment is markup, except that what is indented is code.
"""

import re
import sys

LINE = re.compile(r"^(\s*)//(.*)$")
TRAILING = re.compile(r'^([^"]*[;,{})]\s+)// (.*)$')
MEMBER = re.compile(r"^[\w<> ,*&:]*\bdetail::\w+(<[^>]*>)?::\w+\(")
FRIEND = re.compile(r"^\s+friend [^({]*;$")
MARKUP = re.compile(r"[\\@#<>&%]")
NAMES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}


def plain(text):
    """Text without a meaning for doxygen."""
    return MARKUP.sub(lambda m: NAMES.get(m.group(), "\\" + m.group()), text)


def described(text):
    """One comment line: prose, or code when indented by three or more."""
    if re.match(r"\s{3,}\S", text):
        return "///     " + text
    return "/// " + plain(text.strip())


def hidden(lines, first):
    """How many lines from `first` are nobody's business: a namespace detail, or a member of one defined outside."""
    if lines[first].startswith("namespace detail {"):
        # What is inside is not indented, so only the comment tells the brace; a lone declaration has none.
        return next(n for n in range(2, len(lines)) if lines[first + n] == "}" and n == 2
                    or lines[first + n].startswith("}  // namespace detail")) + 1
    # Its template line may stand before it.
    start = first if MEMBER.match(lines[first]) else first + lines[first].startswith("template <")
    if MEMBER.match(lines[start]):
        return next(n for n in range(start, len(lines)) if lines[n].startswith("}")) - first + 1
    return 1 if FRIEND.match(lines[first]) else 0


def convert(lines):
    skipped = 0
    for number, line in enumerate(lines):
        skipped = max(skipped - 1, 0) or hidden(lines, number)
        comment = LINE.match(line)
        if skipped:
            yield ""
        elif comment:
            if number == 1 and lines[0] == "#pragma once":
                yield "/// @file\n///"
            yield comment[1] + described(comment[2])
        else:
            if line.startswith("namespace kettle::inline KETTLE_ABI"):
                line = line.replace("::inline KETTLE_ABI", "")  # what users write
            trailing = TRAILING.match(line)
            yield f"{trailing[1]}///< {plain(trailing[2])}" if trailing else line


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as header:
        for out in convert(header.read().splitlines()):
            print(out)
