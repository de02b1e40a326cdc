"""How deep a text is nested that somebody else wrote, before it is parsed.

At some 20,000 operators, one within another, the parser overruns its stack and ends our process. The server takes a
function's body without looking into it, and so takes such a text from everybody who may create a function.
"""

from __future__ import annotations

from typing import Any, Final, cast

import pglast

MOST_NESTED: Final = 5_000
"""Of operators and keywords in one text."""
MOST_PARENTHESES: Final = 500
# What stands beside something else, and not within it.
_SIDE_BY_SIDE: Final = frozenset(
    {
        *("ICONST", "FCONST", "SCONST", "PARAM", "IDENT"),
        *("ASCII_44", "ASCII_46", "ASCII_59", "C_COMMENT", "SQL_COMMENT"),
    }
)


class NestedTooDeeply(pglast.Error):
    """A text that may be nested more deeply than the parser bears."""

    def __init__(self) -> None:
        super().__init__("it may be nested too deeply")


def require_shallow(text: str) -> None:
    """Raise NestedTooDeeply, or what pglast raises where it cannot even tell the words."""
    if len(text) <= MOST_NESTED:
        return  # too short for it
    nesting = depth = 0
    for token in cast("list[Any]", pglast.parser.scan(text)):
        match token.name:
            case "ASCII_40" | "ASCII_91":
                depth += 1
            case "ASCII_41" | "ASCII_93":
                depth -= 1
            case name if name not in _SIDE_BY_SIDE:
                nesting += 1
            case _:
                pass
        if depth > MOST_PARENTHESES or nesting > MOST_NESTED:
            raise NestedTooDeeply
