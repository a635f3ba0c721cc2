"""tools/docs_filter.py: what doxygen gets to see of a header."""

import sys
import unittest

from planted import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "tools"))
import docs_filter  # noqa: E402  (after the path)


def shown(text):
    return "\n".join(docs_filter.convert(text.splitlines()))


class Filter(unittest.TestCase):
    def test_the_banner_describes_the_file_and_its_example_is_code(self):
        out = shown("#pragma once\n// A pot.\n//\n//   pot p;\n")
        self.assertEqual(out, "#pragma once\n/// @file\n///\n/// A pot.\n/// \n///        pot p;")

    def test_comments_describe_what_follows_or_what_they_follow(self):
        self.assertEqual(shown("x\n  // Brews.\n  int n;  // cups"), "x\n  /// Brews.\n  int n;  ///< cups")

    def test_nothing_in_a_comment_is_markup(self):
        self.assertEqual(shown("x\n// a <b> & #if @c"), "x\n/// a &lt;b&gt; &amp; \\#if \\@c")

    def test_detail_and_friends_are_not_shown_and_nothing_else_is_lost(self):
        text = ("int a;\nnamespace detail {\nstruct b {\n};\n}  // namespace detail\nint c;\nnamespace detail {\n"
                "struct d;\n}\nint e;\ntemplate <class T>\nint detail::b<T>::f() {\n  return 1;\n}\n"
                "  friend class g;\nint h;\n")
        self.assertEqual(shown(text).split(), "int a; int c; int e; int h;".split())

    def test_a_member_of_detail_is_hidden_with_its_template_on_the_same_line(self):
        text = "x\ntemplate <class T> task<T> detail::b<T>::f() {\n  return 1;\n}\nint e;\n"
        self.assertEqual(shown(text).split(), "x int e;".split())

    def test_the_inline_namespace_is_not_shown(self):
        self.assertEqual(shown("namespace kettle::inline KETTLE_ABI {"), "namespace kettle {")


if __name__ == "__main__":
    unittest.main()
