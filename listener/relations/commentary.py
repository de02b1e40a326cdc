"""Commentary: what people write in a column's comment about what it refers to, or that it refers to nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_NAME = r'(?:"(?:[^"]|"")+"|[^\W\d]\w*)'
_REFERS = re.compile(
    r"(?:\breferences|\brefers\s+to|\bpoints\s+(?:to|at)|\bforeign\s+key\s+(?:to|of|on|into)|\bfk\s*(?:to|:|=)?|->|→|=>)"
    rf"\s*(?:the\s+)?(?P<path>{_NAME}(?:\.{_NAME}){{0,2}})(?:\s*\(\s*(?P<column>{_NAME})\s*\))?",
    re.IGNORECASE,
)
_DENIES = re.compile(
    r"\b(?:no|not\s+an?|without(?:\s+an?)?)\s+(?:foreign\s+key|fk|reference)\b|\bexternal\b|\bthird[- ]party\b"
    r"|\bdoes(?:n't|\s+not)\s+refer\b",
    re.IGNORECASE,
)
_LONGEST = 1000


class Mention(NamedTuple):
    """A table that a comment refers to; the schema is the commented table's where it is None, the key the primary."""

    schema: str | None
    table: str
    column: str | None


def mentions(comment: str) -> Iterator[Mention]:
    """Everything that the words `references users(id)`, `FK to app.users`, `-> users.id` may mean."""
    for match in _REFERS.finditer(comment[:_LONGEST]):
        path = [_unquoted(part) for part in re.findall(_NAME, match["path"])]
        column = _unquoted(match["column"]) if match["column"] else None
        if column is None and len(path) > 1:
            yield Mention(path[-3] if len(path) > 2 else None, path[-2], path[-1])
        if len(path) <= 2:
            yield Mention(path[0] if len(path) > 1 else None, path[-1], column)


def denies(comment: str) -> bool:
    """Whether the comment says that there is nothing in this database to refer to."""
    return _DENIES.search(comment[:_LONGEST]) is not None


def has_word(comment: str, word: str) -> bool:
    """Whether the comment has the word, in whatever case."""
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", comment[:_LONGEST], re.IGNORECASE) is not None


def _unquoted(name: str) -> str:
    """The name as the server folds it."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
