"""Rows for a schema that has none, such as a database in use might hold: an assumption, and a hard one.

What means a key has values of that key. What does not is made to look as if it did: an integer counts from 1, as serial
keys do, up to a number that other tables reach as well; one that a label names a key for lies in that key throughout,
and of other types every second value does. Tables are of 12 to 1,500 rows, by their name, so that not all columns have
many values. Everything follows from names: each run has the same rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from zlib import crc32

import psycopg
from pgmend.listener.catalog.snapshot import Column, Oid, Snapshot, Table
from pgmend.listener.relations.families import BLANK_PADDED, INTEGERS, TEXTS, UUID
from pgmend.listener.relations.relation import Link
from psycopg import sql

_SIZES = (12, 60, 400, 1500)
_STRIDE = 7919  # a prime that divides none of the sizes: it visits all of them
_HEADER = 4
_SHORT = 12
_BY_TYPE = {
    16: "({n} % 2 = 0)",
    17: "decode(md5('{salt}' || {n}), 'hex')",
    UUID: "md5('{salt}' || {n})::uuid",
    869: "(inet '10.0.0.0' + ({n})::bigint)",
    1082: "(date '2026-01-01' + ({n})::int)",
    1114: "(timestamp '2026-01-01' + {n} * interval '1 minute')",
    1184: "(timestamptz '2026-01-01' + {n} * interval '1 minute')",
    **dict.fromkeys((700, 701, 1700), "({n})"),
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """A link whose rows are made to hold, save each `every`-th; where `zero`, each third row has 0 for nothing."""

    link: Link
    every: int | None = None
    zero: bool = False


_OBSTACLES = """
with own as (
  select c.oid, n.nspname, c.relname from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
)
select pg_catalog.format('alter table %I.%I drop constraint %I', nspname, relname, k.conname)
from own join pg_catalog.pg_constraint as k on k.conrelid = own.oid where k.contype = 'c' and k.coninhcount = 0
union all
select pg_catalog.format('alter table %I.%I alter %I drop not null', nspname, relname, a.attname)
from own join pg_catalog.pg_attribute as a on a.attrelid = own.oid
where a.attnum > 0 and a.attnotnull and a.attinhcount = 0 and a.attidentity = '' and not a.attisdropped
  and not exists (
    select from pg_catalog.pg_index as i where i.indrelid = own.oid and i.indisprimary and a.attnum = any(i.indkey)
  )
union all
select pg_catalog.format('alter domain %s drop constraint %I', k.contypid::pg_catalog.regtype, k.conname)
from pg_catalog.pg_constraint as k join pg_catalog.pg_namespace as n on n.oid = k.connamespace
where k.contypid <> 0 and n.nspname not in ('pg_catalog', 'information_schema')
union all
select pg_catalog.format('drop rule %I on %I.%I', r.rulename, nspname, relname)
from own join pg_catalog.pg_rewrite as r on r.ev_class = own.oid
"""

_DOMAINS = "select oid::bigint, typbasetype::bigint from pg_catalog.pg_type where typtype = 'd'"


class Filler:
    """Makes the rows of one database."""

    def __init__(self, snapshot: Snapshot, meanings: Iterable[Meaning]) -> None:
        self._tables = snapshot.tables
        self._domains: dict[Oid, Oid] = {}
        self._meant: dict[tuple[Oid, int], tuple[Meaning, int]] = {}
        for meaning in sorted(meanings, key=lambda each: -len(each.link.columns)):
            for ours, theirs in zip(meaning.link.columns, meaning.link.key.columns, strict=True):
                self._meant.setdefault((meaning.link.table, ours), (meaning, theirs))

    def fill(self, connection: psycopg.Connection) -> None:
        """Insert them; what would keep rows out that are no relation (checks, triggers, rules) goes or is silent."""
        self._domains = dict(connection.execute(_DOMAINS).fetchall())
        for (statement,) in connection.execute(_OBSTACLES).fetchall():
            connection.execute(statement.encode())
        connection.execute("set session_replication_role = replica")
        for table in self._tables.values():
            columns = [column for column in table.columns if not column.generated and table.kind != "f"]
            if columns and not table.is_partition:
                names = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
                values = ", ".join(self._value(table, column, "n") for column in columns)
                statement = sql.SQL(
                    "insert into {} ({}) overriding system value select {} from generate_series(1, {}) as n"
                    " on conflict do nothing"
                ).format(
                    sql.Identifier(table.schema, table.name),
                    names,
                    sql.SQL(values),  # pyright: ignore[reportArgumentType] - made of names and numbers
                    sql.Literal(_size(table)),
                )
                connection.execute(statement)
        connection.execute("reset session_replication_role")
        connection.execute("analyze")

    def _value(self, table: Table, column: Column, row: str, depth: int = 0) -> str:
        """The column's value in the table's row of that number, as SQL."""
        assert depth < 20, f"{table.name}.{column.name} means itself"
        own = _base(table, column, row, self._domains.get(column.type_oid, column.type_oid))
        meant = self._meant.get((table.oid, column.number))
        if meant is None:
            return own
        meaning, number = meant
        key_table = self._tables[meaning.link.key.table]
        key_column = key_table.column(number)
        assert key_column is not None
        pick = f"(1 + (({row}) * {_STRIDE} + {_salt(str(meaning.link.columns), table.name)}) % {_size(key_table)})"
        value = f"({self._value(key_table, key_column, pick, depth + 1)})::{column.type_name}"
        rest = "0" if meaning.zero else own
        every = 3 if meaning.zero else meaning.every
        if every is None:
            return value
        return f"case when ({row}) % {every} = 0 then {rest} else {value} end"


def _base(table: Table, column: Column, row: str, type_oid: Oid) -> str:
    """A value of that type, which is the domain's where the column's is one."""
    salt = _salt(table.name, column.name)
    if type_oid in INTEGERS:
        in_key = any(index.unique and column.number in index.columns for index in table.indexes)
        own = row if in_key else f"1 + (({row}) * {_STRIDE} + {salt}) % {_SIZES[salt % len(_SIZES)]}"
        return f"({own})::{column.type_name}"
    if type_oid in TEXTS or type_oid == BLANK_PADDED:
        length = column.type_modifier - _HEADER if column.type_modifier > 0 else 1000
        if length < _SHORT:
            return f"right(lpad(({row})::text, {length}, '0'), {length})"
        return f"'{salt:x}-' || ({row})"
    known = _BY_TYPE.get(type_oid)
    return "null" if known is None else known.format(n=row, salt=salt)


def _size(table: Table) -> int:
    return _SIZES[_salt(table.name) % len(_SIZES)]


def _salt(*names: str) -> int:
    return crc32(".".join(names).encode()) % 4096
