"""Where unqualified names lead: under a search_path to one relation, under another to another."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from psycopg import AsyncConnection

from .touched import Touched

_PLACES: Final = """
with relation as (
  select n.nspname::text as schema, c.relname::text as name, pg_catalog.count(*) over (partition by c.relname) as times
  from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'f', 'v', 'm') and n.nspname !~ '^pg_(toast|temp)'
)
select schema, name from relation where times > 1 or name = any(%s)
"""
Named = tuple[str | None, str]


class Elsewhere(NamedTuple):
    """A name that leads elsewhere, and the schema of the relation that is touched."""

    name: str
    schema: str


@dataclass(frozen=True)
class Whereabouts:
    """Schema and name of what is touched, and of all whose name is in several schemas."""

    places: frozenset[tuple[str, str]]
    touched: Touched

    def elsewhere(self, relations: Iterable[Named], path: Sequence[str]) -> Elsewhere | None:
        """What leads elsewhere under that path (a session may have set another one); None where all leads to the
        relations that are touched, or is about others."""
        lost: Elsewhere | None = None
        for schema, name in relations:
            if schema is not None or name not in self.touched.names:
                continue
            first = next((place for place in path if (place, name) in self.places), None)
            if first is not None and (first, name) in self.touched.by_name:
                return None
            lost = Elsewhere(name, next(place for place, known in self.touched.by_name if known == name))
        return lost

    def ambiguous(self, relations: Collection[Named]) -> str | None:
        """An unqualified name, of what is not touched, that is in several schemas: nobody knows which is meant."""
        wanted = {name for schema, name in relations if schema is None} - self.touched.names
        return next((name for name in sorted(wanted) if sum(there == name for _, there in self.places) > 1), None)


async def read_whereabouts(connection: AsyncConnection[Any], touched: Touched) -> Whereabouts:
    """As they are now."""
    rows = await (await connection.execute(_PLACES, (list(touched.names),))).fetchall()
    return Whereabouts(frozenset((schema, name) for schema, name in rows), touched)
