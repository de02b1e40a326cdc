"""Names for what a fix makes: cut at a character, never in one, and free."""

from __future__ import annotations

from collections.abc import Container

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..catalog.snapshot import Table
from ..errors import PlanRefused
from .composed import MAX_NAME_BYTES

_TRIES = 100
# Names are compared as names: so they are looked up, and pg_class is not read as a whole.
_TAKEN = """
select c.relname::text from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = %s::name and c.relname = any(%s::name[])
"""


def clipped(text: str, suffix: str = "") -> str:
    """The text and the suffix in 63 bytes; what does not fit is cut from the end of the text, whole characters only."""
    room = MAX_NAME_BYTES - len(suffix.encode())
    return text.encode()[:room].decode(errors="ignore") + suffix


def first_free(stem: str, suffix: str, taken: Container[str]) -> str:
    """The stem with the suffix, or with the suffix and the lowest number that makes it free, as PostgreSQL does."""
    for candidate in _candidates(stem, suffix):
        if candidate not in taken:
            return candidate
    raise PlanRefused(f"{_TRIES} names like {clipped(stem, suffix)!r} are taken.")


async def free_relation_name(
    connection: AsyncConnection[TupleRow], schema: str, stem: str, suffix: str, also_taken: Container[str] = ()
) -> str:
    """A name that no table, index, view or sequence of the schema has."""
    candidates = _candidates(stem, suffix)
    cursor = await connection.execute(_TAKEN, (schema, candidates))
    taken = {name for (name,) in await cursor.fetchall()}
    return first_free(stem, suffix, taken | {name for name in candidates if name in also_taken})


def index_stem(table: Table, columns: tuple[str, ...], suffix: str = "_idx") -> str:
    """What PostgreSQL would call an index or a foreign key on those columns, but for the suffix.

    Where that is too long, the table's name or those of the columns are cut, whichever is longer (makeObjectName in
    indexcmds.c).
    """
    first, second = table.name.encode(), "_".join(columns).encode()
    while len(first) + len(second) + 1 + len(suffix.encode()) > MAX_NAME_BYTES:
        if len(first) > len(second):
            first = first[:-1]
        else:
            second = second[:-1]
    return f"{first.decode(errors='ignore')}_{second.decode(errors='ignore')}"


def _candidates(stem: str, suffix: str) -> list[str]:
    return [clipped(stem, suffix), *(clipped(stem, f"{suffix}{number}") for number in range(1, _TRIES))]
