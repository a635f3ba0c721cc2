"""Just enough C++ to read code without being fooled by comments and literals."""

import re

_TOKEN = re.compile(
    r"""(?P<include>^[ \t]*\#[ \t]*include[ \t]*(?:<[^>\n]*>|"[^"\n]*"))
      | //(?:[^\n\\]|\\\n|\\.)*                           # line comment
      | /\*.*?\*/                                         # block comment
      | \b(?:u8|[uUL])?R"(?P<tag>[^\s()\\]{0,16})\(.*?\)(?P=tag)"  # raw string
      | "(?:[^"\\\n]|\\.)*"                               # string
      | (?<![0-9a-fA-F])'(?:[^'\\\n]|\\.)+'               # character, not the ' of 1'000
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"][^>"\n]+[>"])', re.MULTILINE)


def blank(text):
    """Comments and the insides of literals become spaces; include lines keep their names."""

    def white(m):
        whole = m.group()
        if m["include"]:
            return whole
        hidden = re.sub(r"[^\n]", " ", whole)
        return hidden if whole.startswith("/") else '"' + hidden[1:-1] + '"'

    return _TOKEN.sub(white, text)


def includes(text):
    """(line, name, quoted) of each #include that is not in a comment."""
    code = blank(text)
    for m in _INCLUDE.finditer(code):
        name = m.group(1)
        yield code.count("\n", 0, m.start(1)) + 1, name[1:-1], name[0] == '"'
