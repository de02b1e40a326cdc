"""Our own statements on people's tables, told from theirs where both have one role.

The server counts statements as one that differ in constants and comments alone; the name of a common table expression
is no such thing, so that nobody's statement can stand behind one of ours.
"""

from __future__ import annotations

from typing import Final, LiteralString

MARK: Final[LiteralString] = "with pgmend as (select)"
"""How they begin, or the query in them; nothing reads that expression, and it costs nothing."""
_AROUND: Final = ("do ", "create table ")


def is_ours(text: str) -> bool:
    """Whether the text, of a statement by our own role, is one of ours."""
    return text.startswith(MARK) or (text.startswith(_AROUND) and MARK in text)
