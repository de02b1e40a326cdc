"""What stands between quotes in SQL, and long numbers: the places where a secret stands, whatever it is called.

`pgmend.redact` does the same for the statements of events, on the server and before they are written.
"""

from __future__ import annotations

import re
from typing import Final

LITERAL: Final = re.compile(
    r"""--[^\n]*|/\*.*?(?:\*/|\Z)|[eE]'(?:[^'\\]|\\.|'')*+(?:'|\Z)|'(?:[^']|'')*+(?:'|\Z)|"[^"]*+(?:"|\Z)"""
    r"""|\$(?P<tag>(?:[A-Za-z_]\w*+)?)\$.*?(?:\$(?P=tag)\$|\Z)""",
    re.DOTALL,
)
"""A literal, a comment or a quoted name: they are found together, so that none hides in another."""
SHOWN: Final = "'…'"
"""Stands for a literal in what is told."""
_LONG_NUMBER: Final = re.compile(rf"{LITERAL.pattern}|(?<![\w$])\d[\w.]{{5,}}", re.DOTALL)


def without_literals(sql: str) -> str:
    """The text with SHOWN for every literal, comment and number of six characters or more."""
    return _LONG_NUMBER.sub(lambda match: match[0] if match[0][0] == '"' else SHOWN, sql)
