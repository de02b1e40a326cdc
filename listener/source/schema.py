"""What the schema says of the relations that statements name, and what things were called before."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final, NamedTuple

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..catalog.snapshot import Oid
from .asking import as_the_role

Name = tuple[str | None, str]
"""Schema, where it is said, and name."""

_PATH: Final = "select pg_catalog.current_schemas(true)"
_RELATIONS: Final = """
select asked.schema, asked.name, n.nspname::text, c.relname::text, c.relkind::text,
  coalesce((
    select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(a.attname, a.atttypid::bigint) order by a.attnum)
    from pg_catalog.pg_attribute as a where a.attrelid = c.oid and not a.attisdropped and a.attnum > 0
  ), '[]'::jsonb)
from rows from (pg_catalog.unnest(%(schemas)s::text[]), pg_catalog.unnest(%(names)s::text[])) as asked (schema, name)
cross join lateral (
  select c.oid, c.relname, c.relkind, c.relnamespace
  from pg_catalog.unnest(
    case when asked.schema is null then %(path)s::text[] else array[asked.schema] end
  ) with ordinality as place (schema, number)
  join pg_catalog.pg_namespace as n on n.nspname = place.schema
  join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = asked.name
  order by place.number limit 1
) as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
"""
_NAMES: Final = """
select n.nspname::text, c.relname::text
from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'f', 'v', 'm') and not c.relispartition
  and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'pgmend', 'pgmend_backup')
order by 1, 2
"""
_TYPES: Final = """
select t.oid::bigint, pg_catalog.format_type(t.oid, null), t.typcategory::text from pg_catalog.pg_type as t
where t.oid = any(%s::oid[])
"""
_OIDS: Final = """
select asked.name, pg_catalog.to_regtype(asked.name)::oid::bigint from pg_catalog.unnest(%s::text[]) as asked (name)
"""
_CHANGES: Final = """
select g.kind, g.schema_name, g.table_name, g.object_name, g.before ->> 'name', g.after ->> 'name', g.event_id::text,
  g.seen_at
from pgmend.change as g
where g.kind in ('table_renamed', 'column_renamed', 'table_dropped', 'column_dropped')
order by g.seen_at desc limit 2000
"""


class Relation(NamedTuple):
    """A table, view or the like, with its columns and their types."""

    schema: str
    name: str
    kind: str
    columns: Mapping[str, Oid]

    @property
    def qualified(self) -> str:
        """As people say it."""
        return f"{self.schema}.{self.name}"


class Type(NamedTuple):
    """A type's name and category (`pg_type.typcategory`)."""

    name: str
    category: str


class Former(NamedTuple):
    """What pgmend saw happen to a name."""

    kind: str
    schema: str
    table: str
    before: str
    after: str | None
    event_id: str | None
    seen_at: Any

    @property
    def sentence(self) -> str:
        """What happened, when, by which event."""
        what = "dropped" if self.after is None else f"renamed to {self.after}"
        by = f" by event {self.event_id}" if self.event_id else ""
        return f"{self.before} was {what}{by} on {self.seen_at:%Y-%m-%d %H:%M} UTC."


@dataclass(slots=True)
class Schema:
    """The relations that statements name; those that are not there lead to None. `made` are names that the code creates
    itself, `objects` those of what is no relation; "" among them stands for all that extensions bring."""

    relations: dict[Name, Relation] = field(default_factory=dict[Name, Relation])
    names: Sequence[tuple[str, str]] = ()
    types: dict[Oid, Type] = field(default_factory=dict[Oid, Type])
    former: Sequence[Former] = ()
    made: frozenset[str] = frozenset()
    objects: frozenset[str] = frozenset()

    def type_name(self, oid: Oid) -> str:
        """What the type is called."""
        found = self.types.get(oid)
        return found.name if found else f"type {oid}"

    def near_tables(self, name: str) -> list[str]:
        """Relations with a similar name."""
        plain = {each: f"{schema}.{each}" for schema, each in reversed(self.names)}
        return [plain[each] for each in get_close_matches(name, plain, 3, 0.7)]

    def was_table(self, name: str) -> Former | None:
        """What became of a table of that name."""
        return next((each for each in self.former if each.kind.startswith("table") and each.before == name), None)

    def was_column(self, relation: Relation | None, name: str) -> Former | None:
        """What became of a column of that name."""
        for each in self.former:
            there = relation is None or (each.schema, each.table) == (relation.schema, relation.name)
            if each.kind.startswith("column") and each.before == name and there:
                return each
        return None


async def read_relations(connection: AsyncConnection[TupleRow], names: Collection[Name]) -> dict[Name, Relation]:
    """Those of the names that lead somewhere under the role's search_path."""
    listed = list(names)
    async with as_the_role(connection):
        path = await (await connection.execute(_PATH)).fetchone()
    rows = await connection.execute(
        _RELATIONS.encode(),
        {
            "schemas": [each[0] for each in listed],
            "names": [each[1] for each in listed],
            "path": path[0] if path else [],
        },
    )
    return {
        (schema, name): Relation(there, called, kind, {column: oid for column, oid in columns})
        for schema, name, there, called, kind, columns in await rows.fetchall()
    }


async def read_names(connection: AsyncConnection[TupleRow]) -> list[tuple[str, str]]:
    """Every relation that people made."""
    return [(row[0], row[1]) for row in await (await connection.execute(_NAMES.encode())).fetchall()]


async def read_types(connection: AsyncConnection[TupleRow], oids: Collection[Oid]) -> dict[Oid, Type]:
    """Types by OID."""
    rows = await (await connection.execute(_TYPES.encode(), (list(oids),))).fetchall()
    return {oid: Type(name, category) for oid, name, category in rows}


async def read_type_oids(connection: AsyncConnection[TupleRow], names: Collection[str]) -> dict[str, Oid]:
    """Types by name."""
    rows = await (await connection.execute(_OIDS.encode(), (list(names),))).fetchall()
    return {name: oid for name, oid in rows if oid}


async def read_former(connection: AsyncConnection[TupleRow]) -> list[Former]:
    """What pgmend saw renamed or dropped; nothing where it is not installed or may not be read."""
    try:
        rows = await (await connection.execute(_CHANGES.encode())).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName, psycopg.errors.InsufficientPrivilege):
        return []
    found: list[Former] = []
    for kind, schema, table, object_name, before, after, event, seen_at in rows:
        name = before or object_name or table
        found.append(Former(kind, schema, table, name, after if kind.endswith("renamed") else None, event, seen_at))
    return found
