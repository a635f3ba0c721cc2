"""One word per idea."""

import unittest

from planted import RuleTest, check


class Words(RuleTest):
    rule = "words"

    def test_every_listed_synonym_is_caught(self):
        synonyms = ("task group", "TaskGroup", "wait group", "cancellation token", "stop_token".replace("_", " "),
                    "goroutine", "greenlet", "fibre", "mailbox", "message queue", "std::promise", "event loop",
                    "countdown event", "thread limiter", "awaitable", "cancelation", "canceled", "canceling")
        self.assertEqual(len(synonyms) - 1, len(list(check.load("words").words())))
        for synonym in synonyms:
            self.catches("docs/guide/a.md:2", "is called", {"docs/guide/a.md": f"\nA {synonym}.\n"})

    def test_code_and_comments_are_read(self):
        self.catches("src/core/a.cpp:1", "'nursery'", {"src/core/a.cpp": "int a;  // a task group\n"})

    def test_markdown_code_belongs_to_others(self):
        self.allows({"README.md": "`asyncio.TaskGroup` is a nursery.\n```python\nTaskGroup()\n```\n"})


if __name__ == "__main__":
    unittest.main()
