"""What is said of a table is what people made of it, not what the server writes there for itself."""

from __future__ import annotations

from pgmend.listener.fixes.dependents.description import Description, Row

from tests.support.workshop import Workshop

# Minor releases from November 2026 on keep a column's version so, and raise it at each change of the column. No DDL
# sets it, and older releases read past it.
_SERVER_RAISES = """
set allow_system_table_mods = on;
update pg_attribute
  set attoptions = (select array_agg(o) from unnest(attoptions) o where o !~ '^pg_attver=') || '{pg_attver=47110815}'
  where attrelid = 't'::regclass and attname = 'c'
"""


async def _described(workshop: Workshop) -> tuple[Row, ...]:
    table = workshop.database.value("select 't'::regclass::oid")
    return await Description(table, 2, (), ()).read(workshop.connection)


async def test_a_version_that_the_server_keeps_of_a_column_is_not_described(workshop: Workshop) -> None:
    workshop.database.execute("create table t (id int, c int); alter table t alter c set (n_distinct = 5)")
    before = await _described(workshop)
    workshop.database.execute(_SERVER_RAISES)
    assert await _described(workshop) == before


async def test_options_that_people_set_are_described_in_one_order(workshop: Workshop) -> None:
    workshop.database.execute("create table t (id int, c int)")
    workshop.database.execute("alter table t alter c set (n_distinct_inherited = 7, n_distinct = 5)")
    options = [row[1:] for row in await _described(workshop) if row[2] == "options"]
    assert options == [("column public.t.c", "options", "n_distinct=5 n_distinct_inherited=7")]
