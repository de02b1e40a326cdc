"""What stands between quotes in SQL, and long numbers: the places where a secret stands, whatever it is called.

`pgmend.redact` does the same for the statements of events, on the server and before they are written.
"""

from __future__ import annotations

import re
from typing import Final

_DEEPEST: Final = 6


def _comment(depth: int) -> str:
    """A comment in which others are nested so deep; possessive, so that each level is gone over once."""
    inner = "" if depth == 0 else f"|{_comment(depth - 1)}"
    return rf"/\*(?:[^*/]++|\*(?!/)|/(?!\*){inner})*+\*/"


LITERAL: Final = re.compile(
    rf"""--[^\n\r]*|{_comment(_DEEPEST)}|/\*.*"""
    r"""|(?<!\w)[eE]'(?:[^'\\]|\\.|'')*+(?:'|\Z)|'(?:[^']|'')*+(?:'|\Z)|"[^"]*+(?:"|\Z)"""
    r"""|\$(?P<tag>(?:[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*+)?)\$.*?(?:\$(?P=tag)\$|\Z)""",
    re.DOTALL,
)
"""A literal, a comment or a quoted name: they are found together, so that none hides in another.

A comment that does not end, or nests deeper than anybody writes, goes on to the end of the text."""
SHOWN: Final = "'…'"
"""Stands for a literal in what is told."""
_LONG_NUMBER: Final = re.compile(rf"{LITERAL.pattern}|(?<![\w$])\d[\w.]{{5,}}", re.DOTALL)


def without_literals(sql: str) -> str:
    """The text with SHOWN for every literal, comment and number of six characters or more."""
    return _LONG_NUMBER.sub(lambda match: match[0] if match[0][0] == '"' else SHOWN, sql)
