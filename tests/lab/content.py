"""The rows of a database, as checksums that are equal exactly when the rows are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

# The order of the columns is the schema's matter, so here they go by name; a row's text does not depend on how a column
# that holds the same value is typed, as long as both types write it alike.
_TABLES = """
select n.nspname::text, c.relname::text, c.relkind::text,
  array_agg(a.attname::text order by a.attname)
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
left join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relkind in ('r', 'S') and n.nspname !~ '^pg_'
  and n.nspname not in ('information_schema', 'pgmend', 'pgmend_backup')
group by n.nspname, c.relname, c.relkind, c.oid
order by n.nspname, c.relname
"""
_PINNED = """
set datestyle = 'ISO, YMD'; set timezone = 'UTC'; set intervalstyle = 'postgres'; set extra_float_digits = 1;
set bytea_output = 'hex'; set row_security = off; set default_transaction_read_only = on
"""


@dataclass(frozen=True, slots=True)
class Rows:
    """How many rows a table has, and a checksum over all of them in the order of their text."""

    count: int
    checksum: str


def content_of(dsn: str) -> Mapping[str, Rows]:
    """Every table's rows by `schema.table`; partitions and inheritance children each for themselves. Sequences are
    tables of one row, whose `log_cnt` is no matter of theirs."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in _PINNED.split(";"):
            connection.execute(statement.encode())
        found = connection.execute(_TABLES).fetchall()
        return {
            f"{schema}.{name}": _rows(connection, schema, name, ["last_value", "is_called"] if kind == "S" else columns)
            for schema, name, kind, columns in found
        }


def lost_or_changed(before: Mapping[str, Rows], after: Mapping[str, Rows]) -> int:
    """How many rows are gone, or belong to a table that is not what it was (then all of them)."""
    return sum(rows.count for table, rows in before.items() if after.get(table) != rows)


def _rows(connection: psycopg.Connection[Any], schema: str, table: str, columns: list[str | None]) -> Rows:
    """`row(…)` and not the table's own row: that one's text names no type either, but follows the columns' order."""
    named = sql.SQL(", ").join(sql.Identifier(name) for name in columns if name is not None)
    query = sql.SQL("""
        select count(*)::int, coalesce(md5(string_agg(each, e'\\n' order by each collate "C")), '')
        from (select row({})::text as each from only {}) as rows
    """).format(named, sql.Identifier(schema, table))
    row = connection.execute(query).fetchone()
    assert row is not None
    return Rows(*row)
