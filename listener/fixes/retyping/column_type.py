"""A type with its modifier, told from user-made ones of the same name: what a cast is looked up by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, LiteralString, cast

import pglast
from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from ...catalog.snapshot import AttributeNumber, Oid
from ...errors import PlanRefused

_HEADER = 4
_FAMILIES = {
    "int2": "integer",
    "int4": "integer",
    "int8": "integer",
    "numeric": "numeric",
    "float4": "float",
    "float8": "float",
    "text": "string",
    "varchar": "string",
    "bpchar": "string",
    "citext": "string",
    "uuid": "uuid",
    "bool": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "timestamptz": "timestamptz",
    "json": "json",
    "jsonb": "jsonb",
}
# A type called citext that is not the extension's is a stranger: its code could be anybody's.
_TYPE = """
select t.oid::bigint, n.nspname::text, t.typname::text, pg_catalog.format_type(t.oid, %(modifier)s),
  t.typcollation <> 0, t.typstorage::text, t.typlen > 0,
  n.nspname = 'pg_catalog' or exists (
    select from pg_catalog.pg_depend d join pg_catalog.pg_extension e
      on d.refclassid = 'pg_catalog.pg_extension'::regclass and d.refobjid = e.oid
    where d.classid = 'pg_catalog.pg_type'::regclass and d.objid = t.oid and d.deptype = 'e'
      and e.extname = t.typname and e.extowner in (select oid from pg_catalog.pg_roles where rolsuper))
from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
where t.oid = %(type)s
"""
_COLUMN = """
select a.atttypid::bigint, a.atttypmod from pg_catalog.pg_attribute a
where a.attrelid = %s and a.attnum = %s and not a.attisdropped
"""


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A type as pg_type names it, and as people write it with its modifier (`spelled`)."""

    oid: Oid
    modifier: int
    schema: str
    name: str
    spelled: str
    collatable: bool
    storage: str
    fixed_length: bool
    trusted: bool

    @property
    def family(self) -> str:
        """What casts are grouped by; empty for a type that none is known of."""
        return _FAMILIES.get(self.name, "") if self.trusted else ""

    @property
    def sql(self) -> str:
        """The type, qualified, as a statement names it."""
        found = re.search(r"\(([-0-9, ]+)\)", self.spelled) if self.modifier != -1 else None
        return sql.Identifier(self.schema, self.name).as_string() + (f"({found[1]})" if found else "")

    @property
    def length(self) -> int | None:
        """How many characters it holds, where it is bounded."""
        return self.modifier - _HEADER if self.name in {"varchar", "bpchar"} and self.modifier >= _HEADER else None

    @property
    def precision(self) -> int | None:
        """Digits of a bounded numeric."""
        return (self.modifier - _HEADER >> 16) & 0xFFFF if self._bounded_numeric else None

    @property
    def scale(self) -> int:
        """Digits after the point of a bounded numeric; negative ones round before it (15 and newer)."""
        return ((self.modifier - _HEADER & 0x7FF) ^ 1024) - 1024 if self._bounded_numeric else 0

    @property
    def _bounded_numeric(self) -> bool:
        return self.name == "numeric" and self.modifier >= _HEADER


async def type_of_column(connection: AsyncConnection[TupleRow], table: Oid, number: AttributeNumber) -> ColumnType:
    """The type that the column has now; raises PlanRefused where it is gone."""
    found = await (await connection.execute(_COLUMN, (table, number))).fetchone()
    if found is None:
        raise PlanRefused(f"Column {number} of the table with OID {table} is gone.")
    return await _read(connection, found[0], found[1])


async def type_named(connection: AsyncConnection[TupleRow], text: str) -> ColumnType:
    """The type of that name as format_type writes it under our search_path; raises PlanRefused for any other text."""
    name = _only_a_type(text)
    row = await (await connection.execute("select pg_catalog.to_regtype(%s)::oid::bigint", (name,))).fetchone()
    if row is None or row[0] is None:
        raise PlanRefused(f"There is no type {text!r}.")
    bare = await _read(connection, row[0], -1)
    if not bare.family:
        return bare
    # The server itself reads the modifier, in parse analysis: nobody's input function runs on a NULL.
    result = (await connection.execute(sql.SQL(cast("LiteralString", f"select null::{name}")))).pgresult
    return bare if result is None else await _read(connection, bare.oid, result.fmod(0))


async def _read(connection: AsyncConnection[TupleRow], oid: Oid, modifier: int) -> ColumnType:
    row = await (await connection.execute(_TYPE, {"type": oid, "modifier": modifier})).fetchone()
    if row is None:
        raise PlanRefused(f"The type with OID {oid} is gone.")
    return ColumnType(row[0], modifier, *row[1:])


def _only_a_type(text: str) -> str:
    """The text, if it is one type name and nothing more."""
    refusal = PlanRefused(f"{text!r} is no type name.")
    if "\0" in text or not text.strip():
        raise refusal
    try:
        found = _trees(f"select null::{text}")
    except pglast.Error as error:
        raise refusal from error
    trees = [*found, *_trees("select null::text")]
    targets, *_ = [tree.pop("targetList", ()) for tree in trees]
    is_cast = len(targets) == 1 and targets[0].keys() == {"@", "val", "location"}
    if len(found) != 1 or found[0] != trees[-1] or not is_cast or targets[0]["val"]["@"] != "TypeCast":
        raise refusal
    return text


def _trees(statements: str) -> list[dict[str, Any]]:
    return [cast("Any", each.stmt)(skip_none=True) for each in pglast.parse_sql(statements)]
