"""What PostgreSQL writes otherwise when it reads its own words anew, on no column at all.

`(ARRAY['a'::character varying])::text[]` is read as `ARRAY[('a'::character varying)::text]`: a check of a varchar
column that was made again from its definition says it so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# The same type with more to it (a modifier, an array) is another one.
NO_MORE = r"(?![a-z0-9_(\[])"
_WORD = r"E?'(?:[^']|'')*'::character varying(?:\([0-9]+\))?"
READ_ANEW = (
    rf"\((ARRAY\[{_WORD}(?:, {_WORD})*\])\)::text\[\]",
    rf"\(({_WORD})\)::text{NO_MORE}",
)


def read_anew(definition: str) -> str:
    """The definition, the same however often it was read and written."""
    return without(definition, READ_ANEW)


def without(definition: str, patterns: Iterable[str]) -> str:
    """The definition with the first group of whatever the patterns find in the place of that."""
    for pattern in patterns:
        definition = re.sub(pattern, r"\1", definition)
    return definition
