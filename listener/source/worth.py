"""Which files are worth parsing: those that may hold SQL, or hand it on. To look costs a hundredth of parsing."""

from __future__ import annotations

import re
from typing import Final

# A word that is cheap to find, and how SQL goes on after it.
_WORDS: Final = (
    (b"select", re.compile(rb"\bselect\s")),
    (b"insert", re.compile(rb"\binsert\s+into\b")),
    (b"update", re.compile(rb"\bupdate\s[^;]{1,200}?\sset\s")),
    (b"delete", re.compile(rb"\bdelete\s+from\b")),
    (b"truncate", re.compile(rb"\btruncate\s")),
    (b"merge", re.compile(rb"\bmerge\s+into\b")),
    (b"create", re.compile(rb"\bcreate\s+(?:[a-z]+\s+){0,3}(?:table|view|index)\b")),
    (b"alter", re.compile(rb"\balter\s+table\b")),
    (b"lock", re.compile(rb"\block\s+table\b")),
    (b"refresh", re.compile(rb"\brefresh\s+materialized\b")),
    (b".sql", re.compile(rb"\.sql\b")),
)
_CALLS: Final = (
    *(b".execute", b".fetch", b".raw(", b".scalar", b".stream(", b".prepare(", b".iterate(", b".mogrify("),
    *(b".read_sql", b"execute_values", b"execute_batch", b"aiosql", b"pugsql"),
)


def worth_reading(content: bytes) -> bool:
    """Whether there may be SQL in the file, or a call that takes some."""
    if any(each in content for each in _CALLS):
        return True
    lower = content.lower()
    return any(word in lower and whole.search(lower) is not None for word, whole in _WORDS)
