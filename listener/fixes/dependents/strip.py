"""When two readings of a definition say the same: what PostgreSQL writes otherwise when it reads it anew.

Casts of a changing column between its two types come and go. What was `c` before the change is `c::old` after it, since
the cast was proved to bring every value back; and what was `c::new` before is by definition what stands in the column
after. (`(status)::text` on a varchar column is `status` on a text column.)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from psycopg import sql

from ...catalog.reread import NO_MORE, READ_ANEW, read_anew, without
from ..retyping.casts import Cast

_QUALIFIER = r'(?:(?:[a-z_][a-z0-9_$]*|"(?:[^"]|"")+")[.])?'


@dataclass(frozen=True)
class Strip:
    """Takes those casts off a definition. `names` are the column's own and those under which views show it."""

    cast: Cast
    names: frozenset[str]

    @cached_property
    def patterns(self) -> tuple[str, ...]:
        """Regular expressions that Python and PostgreSQL read alike; what each finds becomes its first group."""
        names = "|".join(sorted(_quoted(name) for name in self.names))
        types = "|".join(
            sorted({_escaped(text) for text in _spellings(self.cast)}, key=lambda text: (-len(text), text))
        )
        return (
            *READ_ANEW,
            rf"\(({_QUALIFIER}(?:{names}))\)::(?:{types}){NO_MORE}",
            # An expression that has become a bare column has lost its parentheses and the name it was given.
            rf"\((\((?:{names})\))\)",
            rf"({_QUALIFIER}({names})) AS \2{NO_MORE}",
        )

    def changes(self, definition: str) -> bool:
        """Whether the definition has a cast that goes or comes, so that it may read otherwise on the new type."""
        return self(definition) != read_anew(definition)

    def __call__(self, definition: str) -> str:
        """The definition without them."""
        return without(definition, self.patterns)


def _spellings(cast: Cast) -> Iterable[str]:
    for each in (cast.source, cast.target):
        yield each.spelled
        yield re.sub(r"\([-0-9, ]+\)", "", each.spelled)
    if cast.source.family == cast.target.family == "string":
        yield "text"


def _quoted(name: str) -> str:
    """A pattern for the name as PostgreSQL writes it: plain names in quotes, too, since they may be reserved."""
    plain = re.fullmatch(r"[a-z_][a-z0-9_]*", name)
    return f'"?{name}"?' if plain else _escaped(sql.Identifier(name).as_string())


def _escaped(text: str) -> str:
    return re.sub(r"([^\w\s])", r"\\\1", text)
