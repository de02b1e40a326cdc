"""What people and their sessions see of an online change: as little as can be, and the plan says the rest."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from pgmend.listener.fixes.kinds import change_column_type
from pgmend.listener.fixes.online import planning
from pgmend.listener.fixes.plan import Hazard, Verdict
from pgmend.listener.fixes.planner import plan_fix
from pgmend.sql.install import uninstall

from tests.support.mending import at, executing
from tests.support.role import Roles
from tests.support.workshop import Workshop

from .subject import left_over, setup, to_type, type_of, values

TRIGGER = """
create table app.seen (id int, was text, is_now text);
create function app.note() returns trigger language plpgsql security definer cost 3 as $$
declare kept text := new.user_id;
begin
  if tg_op = 'UPDATE' and new.user_id is distinct from old.user_id then
    insert into app.seen values (new.id, old.user_id, new.user_id);
  end if;
  return new;
end $$;
create trigger note before insert or update of user_id, seen on app.sessions for each row execute function app.note();
create function app.count_of(wanted int) returns int language plpgsql as $$
declare one record; found int := 0;
begin
  for one in select * from app.sessions where id = wanted loop
    if one.user_id is not null then found := found + 1; end if;
  end loop;
  return found;
end $$;
"""


@pytest.mark.parametrize("above", [timedelta(milliseconds=1), timedelta(seconds=60)], ids=["online", "plain"])
async def test_sessions_that_stay_open_read_functions_anew(workshop: Workshop, above: timedelta) -> None:
    setup(workshop, more=TRIGGER)
    workshop.limits = replace(workshop.limits, online_above=above)
    before = workshop.structure()
    async with await workshop.database.connect() as shop:

        async def use(value: str) -> None:
            await shop.execute("insert into app.sessions (id, user_id) select max(id) + 1, '1' from app.sessions")
            await shop.execute("update app.sessions set user_id = %s where id = 7", (value,))
            row = await (await shop.execute("select app.count_of(7)")).fetchone()
            assert row == (1,)

        shop.prepare_threshold = None
        await use("41")
        outcome = await workshop.heal(to_type(workshop))
        assert (outcome.state, outcome.reason, type_of(workshop)) == ("applied", None, "integer")
        await use("42")
        undone = await workshop.roll_back(outcome)
        assert (undone.state, undone.reason, type_of(workshop)) == ("rolled_back", None, "text")
        await use("43")
    assert workshop.database.fetch("select was, is_now from app.seen where id = 7 order by 1") == [
        ("41", "42"),
        ("42", "43"),
        ("7", "41"),
    ]
    of = {row for row in workshop.structure() if row[0] == "function"}
    assert of == {row for row in before if row[0] == "function"}


async def test_functions_that_are_not_ours_to_touch_are_told_of(workshop: Workshop, role: Roles) -> None:
    owner, stranger = role().name, role().name
    setup(
        workshop,
        more=f"{TRIGGER} alter schema app owner to {owner}; alter table app.sessions owner to {owner};"
        f"grant usage on schema app to {stranger}; alter function app.note() owner to {stranger}",
    )
    issue, snapshot = await workshop.issue_of(to_type(workshop)), await workshop.snapshot()
    await workshop.connection.execute(f"set role {owner}".encode())
    plan = await plan_fix(workshop.connection, issue, snapshot, limits=workshop.limits, fix_id=uuid4())
    await workshop.connection.execute("reset role")
    assert Hazard.STALE_PLANS in plan.hazards
    assert any("app.note()" in note and "42804" in note for note in plan.notes), plan


WHOLE_ROWS = {
    "insert into app.log select new.*": None,
    "insert into app.log values (OLD . *)": None,
    "insert into app.log select (new).*": None,
    "execute 'insert into app.log select ($1).*' using new": None,
    "insert into app.log values (to_jsonb(new))": "watch",
    "perform row(new)": "watch",
    "if new is distinct from old then null; end if": "watch",
    "if new.user_id is distinct from old.user_id then null; end if": "",
    "null /* new.* */": "",
}


@pytest.mark.parametrize("body", WHOLE_ROWS)
async def test_triggers_that_see_whole_rows_are_told_of_or_refused(workshop: Workshop, body: str) -> None:
    setup(
        workshop,
        more=f"create table app.log (n jsonb); create function app.f() returns trigger language plpgsql as $f$"
        f" begin {body}\n; return new; end $f$; create trigger watch before update on app.sessions"
        " for each row execute function app.f()",
        rows=10,
    )
    plan = await workshop.plan(to_type(workshop))
    seen = WHOLE_ROWS[body]
    if seen is None:
        assert (plan.refusal or "").startswith("Trigger watch on app.sessions writes all columns"), plan.refusal
    else:
        assert plan.refusal is None
        assert (Hazard.ROWS_SEEN_WIDER in plan.hazards) is (seen != "")
        assert any("Trigger watch sees" in note for note in plan.notes) is (seen != "")


async def test_writers_under_repeatable_read_try_again_and_lose_nothing(workshop: Workshop) -> None:
    setup(workshop, rows=4000)
    wanted = {n: n for n in range(1, 4001)}
    stop = asyncio.Event()
    failures: list[str | None] = []

    async def write(isolation: psycopg.IsolationLevel, place: int) -> None:
        choose = random.Random(place)
        async with await workshop.database.connect() as shop:
            await shop.set_isolation_level(isolation)
            while not stop.is_set():
                key, value = choose.randrange(place, 4001, 2) or 2, choose.randrange(10**6)
                try:
                    async with shop.transaction():
                        await shop.execute("update app.sessions set user_id = %s::text where id = %s", (value, key))
                    wanted[key] = value
                except psycopg.errors.SerializationFailure as error:
                    assert isolation is not psycopg.IsolationLevel.READ_COMMITTED
                    failures.append(error.sqlstate)
                except psycopg.errors.DatatypeMismatch:
                    stop.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(write(psycopg.IsolationLevel.REPEATABLE_READ, 1))
        group.create_task(write(psycopg.IsolationLevel.READ_COMMITTED, 2))

        async def swapping(point: str) -> None:
            if point == "apply 7 intended":
                stop.set()

        outcome = await workshop.heal(to_type(workshop), checkpoint=swapping)
        stop.set()
    assert outcome.state == "applied", outcome.reason
    assert values(workshop) == wanted
    assert set(failures) <= {"40001"}
    plan = workshop.database.value("select plan::text from pgmend.fix")
    assert "SERIALIZATION_FAILURES" in plan


async def test_who_may_write_some_columns_writes_them(workshop: Workshop, role: Roles) -> None:
    writer = role().name
    setup(
        workshop,
        more=f"grant usage on schema app to {writer}; grant select (id, user_id, seen), insert (id, user_id),"
        f" update (user_id), references (user_id) on app.sessions to {writer};"
        f"grant update (user_id) on app.sessions to {writer} with grant option",
    )
    before = workshop.structure()
    write = executing(
        workshop,
        f"set role {writer}; update app.sessions set user_id = '42' where id in (7, 1999) returning user_id;"
        "insert into app.sessions (id, user_id) select max(id) + 1, '9' from app.sessions;"
        "select * from app.sessions where id = 7; select sessions from app.sessions where id = 8",
    )
    outcome = await workshop.heal(to_type(workshop), checkpoint=at("apply 4 batch", write))
    assert outcome.state == "applied", outcome.reason
    assert values(workshop) == {n: n for n in range(1, 2001)} | {7: 42, 1999: 42, 2001: 9}
    undone = await workshop.roll_back(outcome, checkpoint=at("undo 4 batch", write))
    assert (undone.state, undone.reason) == ("rolled_back", None)
    was, now = ([row[3].split(" ", 1)[1] for row in rows if row[1] == "app.sessions.user_id"]
                for rows in (before, workshop.structure()))  # fmt: skip
    assert now == was


async def test_who_may_not_be_a_replica_changes_it_too(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_: object) -> bool:
        return False

    monkeypatch.setattr(planning, "may_be_replica", never)
    setup(
        workshop,
        more="create function app.f() returns trigger language plpgsql as 'begin new.seen := ''f''; return new; end';"
        "create trigger f before insert or update of seen on app.sessions for each row execute function app.f()",
    )
    write = executing(workshop, "update app.sessions set user_id = '42' where id in (7, 1999)")
    outcome = await workshop.heal(to_type(workshop), checkpoint=at("apply 4 batch", write))
    assert (outcome.state, outcome.reason, left_over(workshop)) == ("applied", None, [])
    assert values(workshop) == {n: n for n in range(1, 2001)} | {7: 42, 1999: 42}
    assert workshop.database.value("select count(*) from app.sessions where seen = 'f'") == 0
    undone = await workshop.roll_back(outcome)
    assert (undone.state, undone.reason, left_over(workshop)) == ("rolled_back", None, [])


async def test_rows_that_security_hides_are_not_changed(workshop: Workshop, role: Roles) -> None:
    owner = role().name
    setup(
        workshop,
        "integer",
        "n",
        f"alter schema app owner to {owner}; alter table app.sessions owner to {owner};"
        "alter table app.sessions enable row level security, force row level security;"
        "create policy p on app.sessions using (id <> 13)",
    )
    issue, snapshot = await workshop.issue_of(to_type(workshop, "bigint")), await workshop.snapshot()
    await workshop.connection.execute(f"set role {owner}".encode())
    plan = await plan_fix(workshop.connection, issue, snapshot, limits=workshop.limits, fix_id=uuid4())
    await workshop.connection.execute("reset role")
    assert "Row security hides rows of app.sessions from" in (plan.refusal or ""), plan.refusal


async def test_rows_that_nobody_looked_at_are_no_proof(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_column_type, "_MOST_PAGES", 0)
    setup(workshop)
    plan = await workshop.plan(to_type(workshop))
    proof, room = plan.proofs
    assert (room.verdict, room.alone) == (Verdict.UNPROVED, True)
    assert (proof.verdict, proof.alone) == (Verdict.UNPROVED, True)
    assert "too large to look at every row first" in proof.figures
    outcome = await workshop.heal(to_type(workshop))
    assert outcome.state == "applied", outcome.reason


async def test_nobody_without_our_triggers_fails_at_a_column_that_is_no_key(workshop: Workshop) -> None:
    setup(workshop, "integer", "n", "alter table app.sessions alter user_id set not null")
    write = executing(
        workshop,
        "begin; alter table app.sessions disable trigger user; insert into app.sessions values (9000, 5); commit",
    )
    outcome = await workshop.heal(to_type(workshop, "bigint"), checkpoint=at("apply 7 intended", write))
    assert outcome.state == "superseded", outcome.reason
    assert (values(workshop)[9000], left_over(workshop)) == (5, [])


SINCE = {
    "a default": ("alter table app.sessions alter user_id set default '5'", "default_now="),
    "no default": ("alter table app.sessions alter user_id drop default", "default_now="),
    "a comment": ("comment on column app.sessions.user_id is 'mine'", "aspect=comment"),
    "a right": ("grant select (user_id) on app.sessions to public", "aspect=rights"),
    "an index": ("create index mine on app.sessions (user_id, id)", "index mine"),
    "another index of that name": (
        "drop index app.sessions_user_id_idx; create index sessions_user_id_idx on app.sessions (user_id desc)",
        "index app.sessions_user_id_idx",
    ),
    "a check": ("alter table app.sessions add constraint mine check (user_id > '0')", "constraint mine"),
    "a foreign key": (
        "create table app.users (id {0} primary key); insert into app.users select user_id from app.sessions;"
        "alter table app.sessions add constraint mine foreign key (user_id) references app.users",
        "constraint mine",
    ),
    "statistics": ("create statistics app.mine on user_id, seen from app.sessions", "statistics app.mine"),
}


@pytest.mark.parametrize("name", SINCE)
async def test_what_was_set_since_is_not_thrown_away_by_an_undo(workshop: Workshop, name: str) -> None:
    setup(workshop, "text", "n::text", "alter table app.sessions alter user_id set default '7'")
    outcome = await workshop.heal(to_type(workshop))
    assert outcome.state == "applied", outcome.reason
    done, said = SINCE[name]
    workshop.database.execute(done.replace("{0}", "integer").encode())
    before = workshop.structure()
    undone = await workshop.roll_back(outcome)
    assert undone.state == "applied", undone.reason
    assert said in (undone.reason or "")
    assert (workshop.structure(), left_over(workshop)) == (before, [])


@pytest.mark.parametrize("default", [None, "'7'"])
async def test_a_default_that_was_set_since_is_not_thrown_away_by_a_plain_undo(
    workshop: Workshop, default: str | None
) -> None:
    setup(workshop, more=f"alter table app.sessions alter user_id set default {default or 'null'}")
    workshop.limits = replace(workshop.limits, online_above=timedelta(seconds=60))
    if default is None:
        workshop.database.execute("alter table app.sessions alter user_id drop default")
    outcome = await workshop.heal(to_type(workshop))
    assert outcome.state == "applied", outcome.reason
    workshop.database.execute("alter table app.sessions alter user_id set default 5")
    undone = await workshop.roll_back(outcome)
    assert undone.state == "applied", undone.reason
    assert "default_now=5" in (undone.reason or "")
    workshop.database.execute(f"alter table app.sessions alter user_id set default {default or 'null'}".encode())
    if default is None:
        workshop.database.execute("alter table app.sessions alter user_id drop default")
    undone = await workshop.roll_back(outcome)
    assert (undone.state, undone.reason) == ("rolled_back", None)


INCLUDED = (
    "alter table app.sessions add constraint u unique (user_id) include (seen)",
    "alter table app.sessions add constraint u unique (seen) include (user_id)",
    "alter table app.sessions drop constraint sessions_pkey, add constraint u primary key (id) include (user_id)",
)


@pytest.mark.parametrize("more", INCLUDED)
async def test_keys_that_include_columns_are_kept(workshop: Workshop, more: str) -> None:
    setup(workshop, more=f"{more}; comment on constraint u on app.sessions is 'the key'")
    before = {row[:3] for row in workshop.structure() if row[0] in ("constraint", "index")}
    outcome = await workshop.heal(to_type(workshop))
    assert (outcome.state, outcome.reason, left_over(workshop)) == ("applied", None, [])
    assert {row[:3] for row in workshop.structure() if row[0] in ("constraint", "index")} == before
    undone = await workshop.roll_back(outcome)
    assert (undone.state, undone.reason, left_over(workshop)) == ("rolled_back", None, [])
    assert {row[:3] for row in workshop.structure() if row[0] in ("constraint", "index")} == before


async def test_a_key_is_the_primary_key_at_each_moment(workshop: Workshop) -> None:
    setup(workshop)
    keyed = "select count(*) from pg_constraint where conrelid = 'app.sessions'::regclass and contype = 'p'"
    seen: list[Any] = []

    async def look(_: str) -> None:
        seen.append(await asyncio.to_thread(workshop.database.value, keyed) if _.endswith(("committed", "ran")) else 1)

    remedy = replace(to_type(workshop, "bigint"), column=1)
    outcome = await workshop.heal(remedy, checkpoint=look)
    assert outcome.state == "applied", outcome.reason
    undone = await workshop.roll_back(outcome, checkpoint=look)
    assert (undone.state, undone.reason, left_over(workshop)) == ("rolled_back", None, [])
    assert set(seen) == {1}


async def test_a_key_that_may_have_no_like_is_refused(workshop: Workshop) -> None:
    setup(workshop, rows=10)
    remedy = replace(to_type(workshop, "smallint"), column=1)
    plan = await workshop.plan(remedy)
    assert (plan.refusal or "").startswith("Primary key sessions_pkey takes no NULL"), plan.refusal


async def test_readers_that_are_behind_are_waited_for_and_named(workshop: Workshop) -> None:
    setup(workshop)
    slot = f"behind_{uuid4().hex[:8]}"
    workshop.database.execute("select pg_create_physical_replication_slot(%s, true)", [slot])
    try:
        short = {"lock_patience": timedelta(milliseconds=1), "most_wal_behind": 0}
        outcome = await workshop.heal(to_type(workshop), limits=short)
        assert outcome.state == "deferred", outcome.reason
        assert f"replication slot {slot} is" in (outcome.reason or "")
    finally:
        workshop.database.execute("select pg_drop_replication_slot(%s)", [slot])
    assert (await workshop.again()).state == "applied"


async def test_an_uninstall_in_the_midst_takes_the_change_back(workshop: Workshop) -> None:
    setup(workshop)
    before = workshop.structure()
    requested = asyncio.Event()

    async def request() -> None:
        requested.set()

    await workshop.heal(to_type(workshop), pause_requested=requested.wait, checkpoint=at("apply 4 batch", request))
    assert workshop.structure() != before
    with psycopg.connect(workshop.database.dsn, autocommit=True) as connection:
        uninstall(connection, discard=True)
    assert workshop.structure() == before


async def test_another_change_of_the_table_waits_its_turn(workshop: Workshop) -> None:
    setup(workshop, more="alter table app.sessions alter seen drop default; update app.sessions set seen = id")
    requested = asyncio.Event()

    async def request() -> None:
        requested.set()

    await workshop.heal(to_type(workshop), pause_requested=requested.wait, checkpoint=at("apply 4 batch", request))
    plan = await workshop.plan(replace(to_type(workshop), column=3))
    assert "Another column of app.sessions is being changed online" in (plan.refusal or ""), plan.refusal


async def test_a_place_that_our_role_prefers_moves_no_index(workshop: Workshop) -> None:
    if workshop.connection.info.server_version < 150000:
        pytest.skip("before 15 a tablespace needs a folder of its own")
    setup(workshop)
    name = f"aside_{uuid4().hex[:8]}"
    await workshop.connection.execute("set allow_in_place_tablespaces = on")
    await workshop.connection.execute(f"create tablespace {name} location ''".encode())
    try:
        database = workshop.database.value("select quote_ident(current_database())")
        workshop.database.execute(f"alter database {database} set default_tablespace = {name}".encode())
        outcome = await workshop.heal(to_type(workshop))
        assert outcome.state == "applied", outcome.reason
        where = "select reltablespace::int from pg_class where relnamespace = 'app'::regnamespace"
        assert {row[0] for row in workshop.database.fetch(where.encode())} == {0}
    finally:
        workshop.database.execute(f"alter database {database} reset default_tablespace".encode())
        workshop.database.execute(f"drop tablespace {name}".encode())
