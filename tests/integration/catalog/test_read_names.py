"""Names of every kind survive the way to values and back."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pgmend.listener.catalog.definition import index_definition
from pgmend.listener.catalog.fingerprint import decode, encode
from pgmend.listener.catalog.read import read_snapshot
from pgmend.listener.catalog.veil import lifted
from psycopg import sql

from tests.support.database import Database

ODD_NAMES = [
    "Mixed Case",
    'with "quotes"',
    "with.dot",
    "select",
    "naïve_größe_日本語",
    "é" * 31 + "x",  # 63 bytes
    "a" * 63,
    "new\nline",
    "unit\x1fseparator",
    "comma,{brace}",
    "back\\slash",
    "%s $1",
    "'; drop table t; --",
]


@pytest.mark.parametrize("name", ODD_NAMES)
async def test_odd_names_are_read_as_they_are(database: Database, name: str) -> None:
    quoted = sql.Identifier(name)
    database.execute(
        sql.SQL(
            """
            create schema {0}; create type public.{0} as enum ('a');
            create table {0}.{0} (id integer primary key, {0} public.{0}, constraint {0} check (id > 0));
            create index {1} on {0}.{0} ({0} desc);
            comment on column {0}.{0}.{0} is {2};
            """
        ).format(quoted, sql.Identifier(name[:20] + "_i"), sql.Literal(name))
    )
    snapshot = await read_snapshot(await database.connect())
    table = snapshot.by_name[name, name]
    assert [column.name for column in table.columns] == ["id", name]
    assert table.columns[1].type_name == database.value(
        "select format_type(%s, -1) from set_config('search_path', '', false)", (table.columns[1].type_oid,)
    )
    assert {constraint.name for constraint in table.constraints} >= {name}
    assert table.column_comments == ((2, name),)
    assert lifted(decode(encode(table)), table) == table
    index = next(index for index in table.indexes if not index.primary)
    assert index.plain
    before = database.value("select pg_get_indexdef(%s)", (index.oid,))
    definition = index_definition(table, index)
    assert definition is not None
    database.execute(sql.SQL("drop index {}.{}").format(quoted, sql.Identifier(index.name)))
    database.execute(definition)
    assert database.value("select pg_get_indexdef(max(indexrelid)) from pg_index") == before


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), min_size=1, max_size=6))
async def test_any_names_are_read_as_they_are(database: Database, names: list[str]) -> None:
    names = list(dict.fromkeys(name for name in names if len(name.encode()) <= 63))
    columns = sql.SQL(", ").join(sql.SQL("{} integer").format(sql.Identifier(name)) for name in names)
    database.execute(sql.SQL("drop table if exists t; create table t ({})").format(columns))
    (table,) = (await read_snapshot(await database.connect())).tables.values()
    assert [column.name for column in table.columns] == names
