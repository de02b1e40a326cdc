"""CREATE INDEX CONCURRENTLY, planned, applied and undone."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from pgmend.listener.fixes.plan import Hazard
from pgmend.listener.remedy import CreateIndex

from tests.support.eventually import eventually
from tests.support.mending import at
from tests.support.workshop import Workshop

APP = """
create schema app;
create table app.users (id int primary key);
create table app.orders (id int primary key, user_id int, note text, doc json, amount numeric);
insert into app.orders select n, n % 7, 'note ' || n, null, n from generate_series(1, 500) n;
"""


@pytest.fixture(autouse=True)
def application(workshop: Workshop) -> None:
    workshop.database.execute(APP)


def definition(workshop: Workshop, name: str) -> str:
    return workshop.database.value("select indexdef from pg_indexes where indexname = %s", [name])


async def said(workshop: Workshop, index: int) -> str:
    """What pg_get_indexdef says on a connection of ours."""
    row = await (await workshop.connection.execute("select pg_get_indexdef(%s)", [index])).fetchone()
    assert row is not None
    return row[0]


async def test_an_index_is_built_and_taken_back_and_later_rows_stay(workshop: Workshop) -> None:
    before = workshop.structure()
    outcome = await workshop.heal(CreateIndex(workshop.oid("app.orders"), (2,)))
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert definition(workshop, "orders_user_id_idx") == (
        "CREATE INDEX orders_user_id_idx ON app.orders USING btree (user_id)"
    )
    workshop.database.execute("insert into app.orders values (1000, 3)")
    assert (await workshop.roll_back(outcome)).state == "rolled_back"
    assert workshop.structure() == before
    assert workshop.leftovers() == []
    assert workshop.database.value("select count(*) from app.orders") == 501


async def test_its_ddl_is_logged_as_ours(workshop: Workshop) -> None:
    outcome = await workshop.heal(CreateIndex(workshop.oid("app.orders"), (2,)))
    logged = workshop.database.fetch("select command_tag from pgmend.ddl_log where fix_id = %s", [outcome.fix_id])
    assert logged == [("CREATE INDEX",)]
    workshop.database.execute("create index on app.orders (note)")
    others = "select count(*) from pgmend.ddl_log where command_tag = 'CREATE INDEX' and fix_id is null"
    assert workshop.database.value(others) == 3


async def test_the_plan_tells_its_lock_and_hazard_and_blocks_no_writes(workshop: Workshop) -> None:
    plan = await workshop.plan(CreateIndex(workshop.oid("app.orders"), (2, 3)))
    assert [(lock.mode, lock.relation) for lock in plan.locks] == [("SHARE UPDATE EXCLUSIVE", "app.orders")]
    assert plan.hazards == (Hazard.INDEX_BUILD,)
    assert [step.statements for step in plan.steps] == [
        ('create index concurrently "orders_user_id_note_idx" on "app"."orders" using "btree" ("user_id", "note")',)
    ]


RESTORED = {
    "plain": "create index gone on app.orders (user_id)",
    "unique": "create unique index gone on app.orders (note)",
    "descending": "create index gone on app.orders (user_id desc, note nulls first, amount desc nulls last)",
    "including": "create unique index gone on app.orders (id) include (note, amount)",
    "hash": "create index gone on app.orders using hash (note)",
    "brin with options": "create index gone on app.orders using brin (id) with (pages_per_range = 8)",
    "expression": "create index gone on app.orders (lower(note), (amount + 1))",
    "partial": "create index gone on app.orders (user_id) where note like 'note 1%' and amount > 3",
    "unique expression": "create unique index gone on app.orders (lower(note)) where user_id is not null",
    "operator class": "create index gone on app.orders (note text_pattern_ops) with (fillfactor = 50)",
    "collation": """create index gone on app.orders (note collate "C")""",
    "nulls not distinct": "create unique index gone on app.orders (id, doc_id) nulls not distinct",
    "a name to be quoted": """create index "gone; -- ""x" on app.orders (user_id)""",
    "63 bytes": f"""create index "{"ü" * 31}x" on app.orders (user_id)""",
}


@pytest.mark.parametrize("create", RESTORED.values(), ids=RESTORED)
async def test_a_dropped_index_comes_back_under_its_name_and_definition(workshop: Workshop, create: str) -> None:
    workshop.database.execute("alter table app.orders add doc_id int")
    workshop.database.execute(create.encode())
    table = await workshop.table("orders")
    (index,) = (each for each in table.indexes if not each.primary)
    before = workshop.structure()
    remedy = CreateIndex(
        table.oid, tuple(filter(None, index.columns)), name=index.name, definition=await said(workshop, index.oid)
    )
    workshop.database.execute(
        f"""alter table app.orders rename to orders2; drop index app."{index.name.replace('"', '""')}";
        alter table app.orders2 rename to orders""".encode()
    )
    outcome = await workshop.heal(remedy)
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert workshop.structure() == before
    assert workshop.leftovers() == []
    plan = await workshop.plan(CreateIndex(table.oid, (2,), name="free"))
    assert plan.restores
    assert plan.undoes_drop


async def test_a_plain_index_comes_back_by_its_fields_alone(workshop: Workshop) -> None:
    outcome = await workshop.heal(
        CreateIndex(workshop.oid("app.orders"), (2, 3), name="was", unique=True, included=(5,), options=(3, 2))
    )
    assert outcome.state == "applied"
    assert definition(workshop, "was") == (
        "CREATE UNIQUE INDEX was ON app.orders USING btree (user_id DESC, note NULLS FIRST) INCLUDE (amount)"
    )


async def test_a_restored_index_follows_the_table_to_its_new_name(workshop: Workshop) -> None:
    remedy = CreateIndex(
        workshop.oid("app.orders"), (2,), name="was", definition="CREATE INDEX was ON app.orders USING btree (user_id)"
    )
    workshop.database.execute("""create schema "New"; alter table app.orders set schema "New";
        alter table "New".orders rename to "Bestell""ungen" """)
    assert (await workshop.heal(remedy)).state == "applied"
    assert definition(workshop, "was") == """CREATE INDEX was ON "New"."Bestell""ungen" USING btree (user_id)"""


@pytest.mark.parametrize(
    ("table", "columns"), [("ü" * 31, ["id"]), ("t", ["é" * 30, "x" * 40]), ("y" * 40, ["z" * 41])]
)
async def test_an_index_is_called_as_postgresql_calls_it(workshop: Workshop, table: str, columns: list[str]) -> None:
    listed = ", ".join(f'"{column}"' for column in columns)
    workshop.database.execute(f'create table app."{table}" ({listed.replace(",", " int,")} int)'.encode())
    names = (
        "select array_agg(relname::text) from pg_class c join pg_index i on i.indexrelid = c.oid where indrelid = %s"
    )
    oid = workshop.oid(f'app."{table}"')
    workshop.database.execute(f'create index on app."{table}" ({listed})'.encode())
    theirs = workshop.database.value(names, [oid])
    workshop.database.execute(f'drop index app."{theirs[0]}"'.encode())
    outcome = await workshop.heal(CreateIndex(oid, tuple(range(1, len(columns) + 1))))
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert workshop.database.value(names, [oid]) == theirs


async def test_names_are_cut_at_a_character_and_made_free(workshop: Workshop) -> None:
    workshop.database.execute("""
        create table app."Ünïcödé tablé that is called somehow" ("Spalté mit Namén, der lang ist" int);
    """)
    oid = workshop.oid('app."Ünïcödé tablé that is called somehow"')
    first, second = await workshop.heal(CreateIndex(oid, (1,))), await workshop.heal(CreateIndex(oid, (1,)))
    assert (first.state, second.state) == ("applied", "applied")
    names = [name for (name,) in workshop.database.fetch("select indexname from pg_indexes where schemaname = 'app'")]
    made = sorted(name for name in names if name.startswith("Ünï"))
    assert [name[-5:] for name in made] == ["_idx1", *[name[-5:] for name in made[1:]]] or made
    assert len(made) == 2
    assert all(len(name.encode()) in (62, 63) for name in made)
    assert {name.rpartition("_")[2] for name in made} == {"idx", "idx1"}


async def test_a_name_that_is_taken_is_told_before_anything_is_built(workshop: Workshop) -> None:
    workshop.database.execute("create view app.taken as select 1")
    plan = await workshop.plan(CreateIndex(workshop.oid("app.orders"), (2,), name="taken"))
    assert plan.refusal == "Something else in schema app is called taken by now."
    assert plan.steps == ()


@pytest.mark.parametrize(
    ("setup", "relation", "columns", "said"),
    [
        ("", "app.orders", (4,), "Type json has no operator class"),
        ("alter table app.orders drop user_id", "app.orders", (2,), "is gone"),
        (
            "create table app.p (a int) partition by list (a); create extension file_fdw;"
            "create server files foreign data wrapper file_fdw;"
            'create foreign table app."Ö 1" partition of app.p for values in (1) server files'
            " options (filename '/dev/null')",
            "app.p",
            (1,),
            "Partition app.Ö 1 is a foreign table",
        ),
        ("create domain app.d as json; create table app.t (a app.d)", "app.t", (1,), "Type json has no operator"),
    ],
)
async def test_what_cannot_be_indexed_is_refused_with_the_reason(
    workshop: Workshop, setup: str, relation: str, columns: tuple[int, ...], said: str
) -> None:
    workshop.database.execute(setup.encode() or b"select 1")
    plan = await workshop.plan(CreateIndex(workshop.oid(relation), columns))
    assert said in (plan.refusal or "")


@pytest.mark.parametrize(
    "kind", ["text", "varchar(9)", "int[]", "app.mood", "app.money", "int4range", "uuid", "app.pair", "inet", "name"]
)
async def test_any_type_that_has_an_order_can_be_indexed(workshop: Workshop, kind: str) -> None:
    workshop.database.execute(
        f"""create type app.mood as enum ('well'); create domain app.money as numeric; create type app.pair as (a int);
        create table app.t (a {kind})""".encode()
    )
    assert (await workshop.heal(CreateIndex(workshop.oid("app.t"), (1,)))).state == "applied"


async def test_a_unique_index_is_refused_with_the_rows_that_it_cannot_hold(workshop: Workshop) -> None:
    workshop.database.execute("update app.orders set note = 'Same' where id in (3, 5, 7)")
    remedy = CreateIndex(
        workshop.oid("app.orders"),
        (3,),
        name="was",
        definition="CREATE UNIQUE INDEX was ON app.orders USING btree (note)",
    )
    outcome = await workshop.heal(remedy)
    assert outcome.state == "refused"
    assert "note=Same, rows=3" in (outcome.reason or "")
    assert workshop.leftovers() == []


async def test_a_unique_index_counts_nulls_as_its_definition_says(workshop: Workshop) -> None:
    workshop.database.execute("update app.orders set note = null where id < 3")
    text = "CREATE UNIQUE INDEX was ON app.orders USING btree (note)"
    distinct = CreateIndex(workshop.oid("app.orders"), (3,), name="was", definition=text)
    refused = CreateIndex(workshop.oid("app.orders"), (3,), name="was", definition=f"{text} NULLS NOT DISTINCT")
    assert (await workshop.heal(refused)).state == "refused"
    assert (await workshop.heal(distinct)).state == "applied"


async def test_an_undo_is_refused_once_something_stands_on_the_index(workshop: Workshop) -> None:
    remedy = CreateIndex(workshop.oid("app.orders"), (1,), name="again", unique=True)
    outcome = await workshop.heal(remedy)
    workshop.database.execute("alter table app.orders add constraint again unique using index again")
    undone = await workshop.roll_back(outcome)
    assert undone.state == "applied"
    assert "constraint again" in (undone.reason or "")
    assert workshop.database.value("select count(*) from pg_constraint where conname = 'again'") == 1


async def test_an_undo_says_so_where_somebody_took_the_index_away(workshop: Workshop) -> None:
    outcome = await workshop.heal(CreateIndex(workshop.oid("app.orders"), (2,)))
    workshop.database.execute("alter index app.orders_user_id_idx rename to mine")
    undone = await workshop.roll_back(outcome)
    assert undone.state == "rolled_back"
    assert "dropped or renamed" in (undone.reason or "")
    assert definition(workshop, "mine")


async def test_an_index_that_somebody_else_is_building_under_its_name_is_left_to_them(
    workshop: Workshop, shop: psycopg.AsyncConnection[Any]
) -> None:
    remedy = CreateIndex(workshop.oid("app.orders"), (2,))
    (name,) = (await workshop.plan(remedy)).makes
    (create,) = (await workshop.plan(remedy)).steps[0].statements
    await shop.execute("set transaction isolation level repeatable read")
    await shop.execute("select count(*) from pg_class")
    builds: list[asyncio.Task[Any]] = []
    async with await workshop.database.connect() as other:

        async def build() -> None:
            builds.append(asyncio.create_task(other.execute(create.encode())))
            waiting = "select count(*) from pg_stat_progress_create_index where phase ~ '^waiting for old snapshots'"
            await eventually(lambda: workshop.database.value(waiting.encode()) == 1)

        patient = {"concurrent_patience": timedelta(minutes=10)}
        checkpoint = at("apply 1 intended", build)
        fix = asyncio.create_task(workshop.heal(remedy, checkpoint=checkpoint, limits=patient))
        waits = (
            "select count(*) from pg_locks l join pg_stat_activity a using (pid)"
            " where a.application_name = 'pgmend fixer' and not l.granted"
        )
        await eventually(lambda: workshop.database.value(waits.encode()) == 1)
        await shop.rollback()
        await builds[0]
    outcome = await fix
    assert outcome.state == "superseded"
    assert "42P07" in (outcome.reason or "")
    valid = "select indisvalid from pg_index where indexrelid = %s"
    assert workshop.database.value(valid, [workshop.oid(f"app.{name}")])


async def test_an_index_of_that_name_made_meanwhile_makes_the_plan_stale(workshop: Workshop) -> None:
    claim = await workshop.claim(CreateIndex(workshop.oid("app.orders"), (2,)))
    workshop.database.execute("create index orders_user_id_idx on app.orders (user_id)")
    outcome = await workshop.executor().carry_on(claim, workshop.lease)
    assert outcome.state == "superseded"
    assert definition(workshop, "orders_user_id_idx")


PARTITIONED = f"""
create table app.p (a int, b int, note text) partition by list (a);
create table app."{"ü" * 31}" (gone int, note text, b int, a int); alter table app."{"ü" * 31}" drop gone;
alter table app.p attach partition app."{"ü" * 31}" for values in (1);
create table app."{"ü" * 31}x" partition of app.p for values in (2) partition by list (b);
create table app.leaf partition of app."{"ü" * 31}x" for values in (3);
create table app.child partition of app.p default;
insert into app.p values (1, 1, 'x'), (2, 3, 'y'), (7, 7, 'z')
"""
PARTS = """
select t.relname, i.indisvalid, pg_catalog.pg_get_indexdef(i.indexrelid) ~ ' ON ONLY ' from pg_index i
join pg_class t on t.oid = i.indrelid where i.indrelid in (select relid from pg_partition_tree('app.p')) order by 1
"""


@pytest.mark.parametrize("definition", [None, "unique (b desc, a) where b > 0", "((lower(note))) include (b)"])
async def test_an_index_on_a_partitioned_table_is_built_in_parts_beside_the_writers(
    workshop: Workshop, definition: str | None
) -> None:
    workshop.database.execute(PARTITIONED.encode())
    table, remedy = workshop.oid("app.p"), CreateIndex(workshop.oid("app.p"), (2,))
    if definition is not None:
        unique, _, keys = definition.partition("(")
        text = f"CREATE {unique.upper()}INDEX gone ON app.p USING btree ({keys}"
        remedy = CreateIndex(table, (), "gone", text)
    before, indexes = workshop.structure(), workshop.database.fetch(PARTS)
    plan = await workshop.plan(remedy)
    on_rows = [step for step in plan.steps if step.title.startswith("Create") and not step.transactional]
    assert len(on_rows) == 3
    assert all("concurrently" in text for step in on_rows for text in step.statements)
    outcome = await workshop.heal(remedy)
    assert (outcome.state, outcome.reason) == ("applied", None)
    made = workshop.database.fetch(PARTS)
    assert [(valid, only) for _, valid, only in made].count((True, False)) == 3
    assert len(made) == 5
    assert all(valid for _, valid, _ in made)
    workshop.database.execute("create table app.more partition of app.p for values in (9)")
    assert workshop.database.value("select count(*) from pg_index where indrelid = 'app.more'::regclass") == 1
    workshop.database.execute("drop table app.more")
    undone = await workshop.roll_back(outcome)
    assert (undone.state, undone.reason) == ("rolled_back", None)
    assert (workshop.structure(), workshop.database.fetch(PARTS)) == (before, indexes)


async def test_a_part_that_cannot_be_built_takes_the_others_along(workshop: Workshop) -> None:
    workshop.database.execute(PARTITIONED.encode())
    workshop.database.execute("insert into app.p values (7, 7, 'z')")
    definition = "CREATE UNIQUE INDEX gone ON app.p USING btree (a, b)"
    checked = await workshop.plan(CreateIndex(workshop.oid("app.p"), (), "gone", definition))
    assert [check.name for check in checked.checks] == ["no duplicates"]
    # The server alone finds what calls somebody's code.
    workshop.database.execute(b"create function app.same(int) returns int language sql immutable as 'select $1'")
    before = workshop.structure()
    definition = "CREATE UNIQUE INDEX gone ON app.p USING btree (a, b, ((app.same(1))))"
    outcome = await workshop.heal(CreateIndex(workshop.oid("app.p"), (), "gone", definition))
    assert outcome.state in ("failed", "refused")
    assert workshop.structure() == before
    assert workshop.leftovers() == []
