"""A column that is to have another type, and what families of types are to drivers and to code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...catalog.snapshot import AttributeNumber, Oid
from ...remedy import ChangeColumnType

_FAMILIES: Final = {
    **{name: "integer" for name in ("smallint", "integer", "bigint", "int2", "int4", "int8", "int")},
    **{name: "text" for name in ("text", "varchar", "character varying", "bpchar", "character", "citext")},
}
PYTHON: Final = {"integer": "int", "text": "str", "uuid": "UUID"}
"""The Python type that stands for a family."""
# A parent's type is that of its children, and a column that a remedy names has a type of its own only until then.
_COLUMNS: Final = """
with recursive asked (tbl, number) as (
  select a.tbl::oid, a.number::smallint
  from rows from (pg_catalog.unnest(%(tables)s::bigint[]), pg_catalog.unnest(%(numbers)s::integer[])) as a (tbl, number)
), below (tbl, name, wanted) as (
  select k.tbl, a.attname, %(wanted)s::text
  from asked as k join pg_catalog.pg_attribute as a on a.attrelid = k.tbl and a.attnum = k.number
  where not a.attisdropped
  union
  select i.inhrelid, b.name, b.wanted
  from below as b join pg_catalog.pg_inherits as i on i.inhparent = b.tbl
)
select c.oid::bigint, a.attnum::integer, n.nspname::text, c.relname::text, a.attname::text,
  pg_catalog.format_type(a.atttypid, null), b.wanted
from below as b
join pg_catalog.pg_class as c on c.oid = b.tbl
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_attribute as a on a.attrelid = b.tbl and a.attname = b.name and not a.attisdropped
order by 1, 2
"""


class TypeChange(NamedTuple):
    """A column, the type that it has and the one that it will have, by their names in SQL."""

    table: Oid
    number: AttributeNumber
    schema: str
    relation: str
    column: str
    before: str
    after: str

    @property
    def said(self) -> str:
        """As people say it."""
        return f"{self.schema}.{self.relation}.{self.column}"


def family(type_name: str) -> str:
    """The family of a type: one Python type stands for all of it. Others are each their own."""
    plain = type_name.partition("(")[0].strip()
    return _FAMILIES.get(plain, plain)


async def type_changes(
    connection: AsyncConnection[TupleRow], remedies: Iterable[ChangeColumnType]
) -> tuple[TypeChange, ...]:
    """The columns that those remedies give another type, with those of partitions and children."""
    found: dict[tuple[Oid, AttributeNumber], TypeChange] = {}
    for remedy in remedies:
        columns = [(remedy.table, remedy.column), *(remedy.along or ())]
        asked: dict[str, Any] = {
            "tables": [table for table, _ in columns],
            "numbers": [number for _, number in columns],
            "wanted": remedy.type_name,
        }
        for row in await (await connection.execute(_COLUMNS.encode(), asked)).fetchall():
            change = TypeChange._make(row)
            if change.before != change.after:
                found[change.table, change.number] = change
    return tuple(found.values())
