"""Columns that foreign keys tie to one another change their types together, and back, in one transaction."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from pgmend.listener.catalog.read import read_snapshot
from pgmend.listener.check import check
from pgmend.listener.fixes.plan import Hazard, Plan, Verdict
from pgmend.listener.fixes.planner import plan_fix
from pgmend.listener.fixes.queue.book import Claim
from pgmend.listener.fixes.rehearsal.rehearsal import LOCKS, REWRITES, STATEMENTS, STEPS
from pgmend.listener.issue import Issue
from pgmend.listener.remedy import ChangeColumnType, WidenSequence
from pgmend.listener.settings import Settings

from tests.support.eventually import eventually
from tests.support.mending import at, executing
from tests.support.rehearsed import rehearse
from tests.support.role import Roles
from tests.support.workshop import Workshop

LONG = "é" * 31 + "x"
APP = f"""
create schema app; create schema "Über; --";
create table app.users (id serial primary key, name text);
create table app.orders (id int primary key, user_id int not null references app.users on delete cascade, note text);
create table "Über; --"."{LONG}" (id int primary key, "User Id" int,
  constraint "it's; %s {{0}}" foreign key ("User Id") references app.users deferrable initially deferred);
create table app.profiles (user_id int primary key references app.users on update cascade, boss int);
create table app.avatars (id int primary key, profile_id int references app.profiles);
create table app.loose (id int primary key, user_id int);
create table app.wide (id int primary key, user_id bigint references app.users);
insert into app.users (name) select 'u' || n from generate_series(1, 50) n;
insert into app.orders select n, n from generate_series(1, 50) n;
insert into "Über; --"."{LONG}" select n, n from generate_series(1, 50) n;
insert into app.profiles select n, n from generate_series(1, 50) n;
insert into app.avatars select n, n from generate_series(1, 50) n;
insert into app.loose select n, n from generate_series(1, 50) n;
insert into app.wide select n, n from generate_series(1, 50) n;
create index on app.orders (user_id) include (note) where user_id > 3;
alter table app.orders add constraint unsure foreign key (user_id) references app.users not valid;
comment on constraint orders_user_id_fkey on app.orders is 'it''s';
comment on constraint "it's; %s {{0}}" on "Über; --"."{LONG}" is 'quoted';
comment on sequence app.users_id_seq is 'counts';
create view app.v as select u.name, o.user_id from app.users u join app.orders o on o.user_id = u.id;
create view app.w as select name, count(*) as n from app.v group by name;
"""
SMALL = """
create schema app;
create table app.users (id serial primary key, name text);
create table app.orders (id int primary key, user_id int references app.users on delete cascade);
create table app.loose (id int primary key, user_id int);
insert into app.users (name) select 'u' || n from generate_series(1, 50) n;
insert into app.orders select n, n from generate_series(1, 50) n;
"""
MEMBERS = {
    "app.users.id", "app.orders.user_id", f'"Über; --"."{LONG}"."User Id"', "app.profiles.user_id",
    "app.avatars.profile_id",
}  # fmt: skip


def widened(workshop: Workshop, *along: tuple[str, int]) -> ChangeColumnType:
    """The key of users as bigint."""
    others = tuple((workshop.oid(table), number) for table, number in along)
    return ChangeColumnType(workshop.oid("app.users"), 1, "bigint", along=others)


def types(workshop: Workshop) -> dict[str, str]:
    """The types of the columns that are called after users, and of the key and its sequence."""
    rows = workshop.database.fetch("""
        select format('%I.%I.%I', n.nspname, c.relname, a.attname), format_type(a.atttypid, a.atttypmod)
        from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
        where n.nspname ~ '^(app|Über)' and c.relkind = 'r' and a.attnum > 0
          and (lower(a.attname) ~ '(user.|profile_)id' or (c.relname, a.attname) = ('users', 'id'))
        union all select 'sequence', seqtypid::regtype || ' ' || seqmax from pg_sequence
    """)
    return dict(rows)


@pytest.fixture(autouse=True)
def patient(workshop: Workshop) -> None:
    workshop.limits = replace(workshop.limits, online_above=timedelta(seconds=1))


async def test_a_key_and_all_that_refers_to_it_change_together_and_back(workshop: Workshop) -> None:
    workshop.database.execute(APP.encode())
    before = workshop.structure()
    remedy = widened(workshop)
    plan = await workshop.plan(remedy)
    assert (plan.refusal, plan.waits_for, len(plan.steps), len(plan.inverse)) == (None, None, 1, 1)
    assert Plan.from_json(plan.to_json()) == plan
    outcome = await workshop.heal(remedy)
    assert (outcome.state, outcome.reason) == ("applied", None)
    found = types(workshop)
    assert {name for name in found if found[name] == "bigint"} == MEMBERS | {"app.wide.user_id"}
    assert found["sequence"] == f"bigint {2**63 - 1}"
    changed = {(kind, name) for kind, name, *_ in set(workshop.structure()) ^ set(before)}
    assert {name for kind, name in changed if kind not in ("column", "sequence")} == set()
    undone = await workshop.roll_back(outcome)
    assert (undone.state, undone.reason) == ("rolled_back", None)
    assert workshop.structure() == before
    assert workshop.leftovers() == []


async def test_the_plan_locks_all_tables_in_one_order_and_names_what_it_does(workshop: Workshop) -> None:
    workshop.database.execute(APP.encode())
    plan = await workshop.plan(widened(workshop))
    (step,) = plan.steps
    names = dict(plan.tables)
    places = {name: oid for oid, name in names.items()}
    # What is no table (a view) comes last.
    placed = [places.get(lock.relation, 2**32) for lock in step.locks]
    assert placed == sorted(placed)
    assert set(places) <= {lock.relation for lock in step.locks}
    assert {lock.mode for lock in step.locks} == {"ACCESS EXCLUSIVE"}
    assert all(name in plan.summary for name in (*MEMBERS, "sequence app.users_id_seq"))
    assert {Hazard.TABLE_REWRITE, Hazard.FULL_SCAN, Hazard.NOT_MVCC_SAFE} <= set(plan.hazards)
    assert dict(plan.based_on).keys() == names.keys()


async def test_a_plan_made_from_a_look_at_one_table_is_based_on_all_that_it_changes(workshop: Workshop) -> None:
    workshop.database.execute(APP.encode())
    workshop.database.execute("create table app.far (id int primary key, n bigint references app.profiles)")
    remedy = widened(workshop)
    part = await read_snapshot(workshop.connection, [remedy.table])
    issue = workshop.issue_in(part, remedy)
    plan = await plan_fix(workshop.connection, issue, part, limits=workshop.limits, fix_id=uuid4())
    assert plan.based_on == (await workshop.plan(remedy)).based_on
    assert dict(plan.based_on).keys() == dict(plan.tables).keys()
    assert "app.far" in dict(plan.tables).values()


async def test_what_means_the_key_by_evidence_alone_takes_an_approval(workshop: Workshop) -> None:
    workshop.database.execute(SMALL)
    assert (await workshop.plan(widened(workshop))).needs_approval is None
    remedy = widened(workshop, ("app.loose", 2))
    assert "app.loose.user_id changes along by evidence alone" in ((await workshop.plan(remedy)).needs_approval or "")
    assert (await workshop.heal(remedy)).state == "applied"
    assert types(workshop)["app.loose.user_id"] == "bigint"


async def test_a_lone_serial_is_widened_with_its_sequence(workshop: Workshop) -> None:
    workshop.database.execute("create schema app; create table app.users (id smallserial primary key, n int)")
    before = workshop.structure()
    outcome = await workshop.heal(widened(workshop))
    assert outcome.state == "applied"
    assert types(workshop) == {"app.users.id": "bigint", "sequence": f"bigint {2**63 - 1}"}
    assert (await workshop.roll_back(outcome)).state == "rolled_back"
    assert workshop.structure() == before


async def test_sequences_keep_the_ends_that_somebody_gave_them(workshop: Workshop) -> None:
    wide = 2**63 - 1
    cases = {
        "users": ("as integer maxvalue 5000", "bigint 1 5000"),
        "b": ("as bigint maxvalue 2147483647", f"bigint 1 {wide}"),
        "c": ("as integer increment -1", f"bigint {-wide - 1} -1"),
        "d": ("as bigint", f"bigint 1 {wide}"),
    }
    made = (
        f"create sequence app.{name} {sequence};"
        f"create table app.t_{name} (id int primary key default nextval('app.{name}'))"
        for name, (sequence, _) in cases.items()
    )
    workshop.database.execute(f"create schema app; {';'.join(made)}; alter table app.t_users add n int".encode())
    before = workshop.structure()
    key, *along = [(workshop.oid(f"app.t_{name}"), 1) for name in cases]
    remedy = ChangeColumnType(*key, "bigint", along=tuple(along))
    plan = await workshop.plan(remedy)
    assert "Sequence app.users keeps the end that somebody gave it, 5000." in plan.notes
    outcome = await workshop.heal(remedy)
    assert outcome.state == "applied"
    found = workshop.database.fetch(
        "select seqrelid::regclass::text, concat_ws(' ', seqtypid::regtype, seqmin, seqmax) from pg_sequence"
    )
    assert dict(found) == {f"app.{name}": then for name, (_, then) in cases.items()}
    assert (await workshop.roll_back(outcome)).state == "rolled_back"
    assert workshop.structure() == before


async def test_a_sequence_that_was_left_behind_by_its_column_follows_alone(workshop: Workshop) -> None:
    workshop.database.execute("""
        create schema app; create table app.users (id serial primary key, n int);
        alter table app.users alter id type bigint; create sequence app.mine as int owned by app.users.n;
    """)
    before = workshop.structure()
    sequence = workshop.oid("app.users_id_seq")
    outcome = await workshop.heal(WidenSequence(workshop.oid("app.users"), 1, sequence))
    assert (outcome.state, outcome.reason) == ("applied", None)
    found = workshop.database.fetch("select seqrelid::regclass::text, seqtypid::regtype::text, seqmax from pg_sequence")
    assert sorted(found) == [("app.mine", "integer", 2**31 - 1), ("app.users_id_seq", "bigint", 2**63 - 1)]
    workshop.database.execute("select setval('app.users_id_seq', 3000000000)")
    assert "is not beyond its old end" in ((await workshop.roll_back(outcome)).reason or "")
    workshop.database.execute("select setval('app.users_id_seq', 3)")
    assert (await workshop.roll_back(outcome)).state == "rolled_back"
    assert workshop.structure() == before


@pytest.mark.parametrize("sequence", ["as int maxvalue 5000", "as bigint"])
async def test_an_end_that_somebody_chose_is_left(workshop: Workshop, sequence: str) -> None:
    workshop.database.execute(f"""
        create schema app; create sequence app.s {sequence};
        create table app.users (id bigint primary key default nextval('app.s'));
    """.encode())  # fmt: skip
    plan = await workshop.plan(WidenSequence(workshop.oid("app.users"), 1, workshop.oid("app.s")))
    assert "ends where somebody said, or with its column" in (plan.refusal or "")


async def test_another_sequence_that_took_the_name_meanwhile_stays_as_it_is(workshop: Workshop) -> None:
    workshop.database.execute("""
        create schema app; create table app.users (id serial primary key); alter table app.users alter id type bigint;
    """)
    before: list[Any] = []

    async def meddle() -> None:
        await executing(
            workshop, "alter sequence app.users_id_seq rename to old; create sequence app.users_id_seq as smallint"
        )()
        before.extend(workshop.structure())

    remedy = WidenSequence(workshop.oid("app.users"), 1, workshop.oid("app.users_id_seq"))
    outcome = await workshop.heal(remedy, checkpoint=at("apply 1 intended", meddle))
    assert outcome.state == "superseded"
    assert workshop.structure() == before


async def test_an_identity_takes_its_sequence_along(workshop: Workshop) -> None:
    workshop.database.execute("""
        create schema app; create table app.users (id int generated always as identity primary key);
        create table app.orders (user_id int references app.users);
    """)
    before = workshop.structure()
    outcome = await workshop.heal(widened(workshop))
    assert outcome.state == "applied"
    assert types(workshop)["sequence"] == f"bigint {2**63 - 1}"
    assert (await workshop.roll_back(outcome)).state == "rolled_back"
    assert workshop.structure() == before


async def test_an_undo_names_the_rows_and_the_sequence_that_have_outgrown_the_old_type(workshop: Workshop) -> None:
    workshop.database.execute(SMALL)
    outcome = await workshop.heal(widened(workshop))
    workshop.database.execute("""
        insert into app.users values (3000000000, 'big'); insert into app.orders values (51, 3000000000);
    """)
    refused = await workshop.roll_back(outcome)
    assert refused.state == "applied"
    assert "app.users.id: every value has a place in integer" in (refused.reason or "")
    assert "value=3000000000" in (refused.reason or "")
    workshop.database.execute("delete from app.users where id > 50; select setval('app.users_id_seq', 3000000000)")
    refused = await workshop.roll_back(outcome)
    assert "sequence app.users_id_seq is not beyond its old end" in (refused.reason or "")
    workshop.database.execute("select setval('app.users_id_seq', 51)")
    assert (await workshop.roll_back(outcome)).state == "rolled_back"


SEQUENCE = f'"Über; --"."{LONG}"'
COUNTED = f"""
create schema app; create schema "Über; --";
create sequence {SEQUENCE} as int; create table app.users (id int primary key default nextval('{SEQUENCE}'));
insert into app.users default values;
"""
MEDDLINGS = {
    f"alter sequence {SEQUENCE} rename to old; create sequence {SEQUENCE} as smallint": "old",
    f"alter sequence {SEQUENCE} maxvalue 1000000": "seqmax=1000000",
    f"alter sequence {SEQUENCE} set schema app": 'found=app."éé',
    f"alter table app.users alter id drop default; drop sequence {SEQUENCE}": "",
}


@pytest.mark.parametrize(("meddling", "said"), MEDDLINGS.items(), ids=range(4))
async def test_what_somebody_made_of_the_sequence_before_the_lock_stays(
    workshop: Workshop, meddling: str, said: str
) -> None:
    workshop.database.execute(COUNTED.encode())
    before: list[Any] = []

    async def meddle() -> None:
        await executing(workshop, meddling)()
        before.extend(workshop.structure())

    outcome = await workshop.heal(widened(workshop), checkpoint=at("apply 1 intended", meddle))
    assert outcome.state == "superseded"
    assert said in (outcome.reason or "")
    assert workshop.structure() == before


@pytest.mark.parametrize(
    ("meddling", "said"),
    [*list(MEDDLINGS.items())[:3], (f"alter sequence {SEQUENCE} maxvalue 5000000000", "seqmax=5000000000")],
    ids=range(4),
)
async def test_an_undo_leaves_what_somebody_made_of_the_sequence_since(
    workshop: Workshop, meddling: str, said: str
) -> None:
    workshop.database.execute(COUNTED.encode())
    outcome = await workshop.heal(widened(workshop))
    assert outcome.state == "applied"
    workshop.database.execute(meddling.encode())
    before = workshop.structure()
    undone = await workshop.roll_back(outcome)
    assert undone.state == "applied"
    assert said in (undone.reason or "")
    assert workshop.structure() == before


async def test_nobody_alters_the_sequence_between_the_look_at_it_and_its_change(workshop: Workshop) -> None:
    workshop.database.execute(COUNTED.encode())
    (step,) = (await workshop.plan(widened(workshop))).steps
    altered = next(place for place, each in enumerate(step.statements) if each.startswith("alter sequence"))
    async with workshop.connection.transaction(force_rollback=True):
        for each in step.statements[:altered]:
            await workshop.connection.execute(each.encode())
        for meddling in ("maxvalue 1000000", "rename to other"):
            with pytest.raises(psycopg.errors.LockNotAvailable):
                workshop.database.execute(f"set lock_timeout = 20; alter sequence {SEQUENCE} {meddling}".encode())


async def test_a_sequence_that_follows_alone_keeps_the_end_that_it_got_meanwhile(workshop: Workshop) -> None:
    workshop.database.execute("""
        create schema app; create table app.users (id serial primary key); alter table app.users alter id type bigint;
    """)
    remedy = WidenSequence(workshop.oid("app.users"), 1, workshop.oid("app.users_id_seq"))
    meddling = executing(workshop, "alter sequence app.users_id_seq maxvalue 1000000")
    outcome = await workshop.heal(remedy, checkpoint=at("apply 1 intended", meddling))
    assert (outcome.state, types(workshop)["sequence"]) == ("superseded", "integer 1000000")


# What is written anew is locked under an OID that nobody else knows yet.
WRITTEN_ANEW_BY_WHO_WAITS = """
select count(*) filter (where not exists (select from pg_class c where c.oid = l.relation)) from pg_locks l
where l.locktype = 'relation' and l.pid = (
  select w.pid from pg_locks w where not w.granted and w.relation = 'app.users_id_seq'::regclass)
having count(*) > 0
"""


async def test_who_has_taken_a_number_is_waited_for_before_anything_is_written_anew(
    workshop: Workshop, shop: psycopg.AsyncConnection[Any]
) -> None:
    workshop.database.execute(SMALL)
    workshop.limits = replace(workshop.limits, lock_timeout=timedelta(seconds=20))
    claim = await workshop.claim(widened(workshop))

    async def carried_on_beside_the_shop(claim: Claim) -> str:
        await shop.execute("select nextval('app.users_id_seq')")
        going = asyncio.create_task(workshop.executor().carry_on(claim, workshop.lease))
        try:
            assert await eventually(lambda: workshop.database.fetch(WRITTEN_ANEW_BY_WHO_WAITS)) == [(0,)]
        finally:
            await shop.commit()
        return (await going).state

    assert await carried_on_beside_the_shop(claim) == "applied"
    workshop.database.fetch("select pgmend.rollback(%s)", [claim.fix_id])
    undo = await workshop.next()
    assert undo is not None
    assert await carried_on_beside_the_shop(undo) == "rolled_back"


async def test_foreign_keys_of_one_name_on_two_tables_are_told_apart(workshop: Workshop) -> None:
    workshop.database.execute("""
        create schema app; create table app.users (id int primary key); create table app.shops (id int primary key);
        create table app.a (id int primary key, user_id int constraint user_fk references app.users, shop_id int,
          constraint shop_fk foreign key (shop_id) references app.shops);
        create table app.b (id int primary key, user_id int constraint shop_fk references app.users, shop_id int,
          constraint user_fk foreign key (shop_id) references app.shops);
    """)
    before = workshop.structure()
    outcome = await workshop.heal(widened(workshop))
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert (await workshop.roll_back(outcome)).state == "rolled_back"
    assert workshop.structure() == before


TEXTS = """
create schema app;
create table app.users (id int primary key);
create table app.profiles (user_id text primary key, note varchar(9) default 'x');
create table app.a (id int primary key, profile_id text references app.profiles);
create table app.b (id int primary key, profile_id varchar(20) references app.profiles on delete set null);
create table app.c (tenant int, profile_id text, parent text, unique (tenant, profile_id), note text,
  foreign key (profile_id) references app.profiles, foreign key (tenant, parent) references app.c (tenant, profile_id));
insert into app.users select generate_series(1, 20);
insert into app.profiles select n from generate_series(1, 20) n;
insert into app.a select n, n from generate_series(1, 20) n;
insert into app.b select n, n from generate_series(1, 20) n;
insert into app.c select 1, n, n from generate_series(1, 20) n;
create index on app.b (profile_id); comment on column app.a.profile_id is 'who';
"""


def as_integer(workshop: Workshop, table: str = "app.profiles", number: int = 1) -> ChangeColumnType:
    return ChangeColumnType(workshop.oid(table), number, "integer")


@pytest.mark.parametrize(("table", "number"), [("app.profiles", 1), ("app.c", 3)])
async def test_a_text_key_and_the_text_that_refers_to_it_become_numbers_together(
    workshop: Workshop, table: str, number: int
) -> None:
    workshop.database.execute(TEXTS)
    before = workshop.structure()
    outcome = await workshop.heal(as_integer(workshop, table, number))
    assert (outcome.state, outcome.reason) == ("applied", None)
    found = workshop.database.fetch("""
        select c.relname || '.' || attname from pg_attribute a join pg_class c on c.oid = attrelid
        where attname in ('profile_id', 'user_id', 'parent') and atttypid = 'int'::regtype and relkind = 'r' order by 1
    """)
    assert [name for (name,) in found] == [
        "a.profile_id",
        "b.profile_id",
        "c.parent",
        "c.profile_id",
        "profiles.user_id",
    ]
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        workshop.database.execute("insert into app.a values (99, 99)")
    undone = await workshop.roll_back(outcome)
    assert (undone.state, undone.reason) == ("rolled_back", None)
    assert workshop.structure() == before


async def test_one_value_that_does_not_fit_keeps_the_whole_group_and_is_named_with_its_table(
    workshop: Workshop,
) -> None:
    workshop.database.execute(TEXTS)
    workshop.database.execute("insert into app.profiles values ('x7'); insert into app.b values (99, 'x7')")
    plan = await workshop.plan(as_integer(workshop))
    assert "app.profiles.user_id: The cast is lossy" in (plan.refusal or "")
    assert "app.b.profile_id: The cast is lossy" in (plan.refusal or "")
    workshop.database.execute("update app.b set profile_id = null where id = 99")
    workshop.database.execute("update app.profiles set user_id = '007' where user_id = 'x7'")
    refusal = (await workshop.plan(as_integer(workshop))).refusal or ""
    assert refusal.startswith("app.profiles.user_id: its values would be spelled otherwise")


async def test_a_group_is_a_restore_only_where_each_of_its_columns_was_seen_so(workshop: Workshop) -> None:
    workshop.database.execute(TEXTS)
    workshop.database.execute("drop table app.c")
    remedy = replace(as_integer(workshop), restores=True)
    seen = """
        insert into pgmend.expected_object
          (kind, schema_name, relation_name, object_name, definition, fields, tree, class_id, object_id, number)
        values ('column', 'app', %(name)s, 'profile_id', '', '{"type": "integer"}', %(tree)s, 'pg_class'::regclass,
          ('app.' || %(name)s)::regclass, 2)
    """
    plan = await workshop.plan(remedy)
    assert "Nobody has seen app.a.profile_id, app.b.profile_id with the type integer" in (plan.needs_approval or "")
    assert not plan.restores
    workshop.database.fetch(seen + " returning 1", {"name": "a", "tree": "seen"})
    workshop.database.fetch(seen + " returning 1", {"name": "b", "tree": None})
    plan = await workshop.plan(remedy)
    assert "Nobody has seen app.b.profile_id with" in (plan.needs_approval or "")
    workshop.database.execute("update pgmend.expected_object set tree = 'seen'")
    plan = await workshop.plan(remedy)
    assert (plan.restores, plan.needs_approval) == (True, None)


async def test_a_value_that_comes_before_the_lock_takes_it_back(workshop: Workshop) -> None:
    workshop.database.execute(TEXTS)
    before = workshop.structure()
    meddling = executing(workshop, "insert into app.profiles values ('x7'); insert into app.b values (99, 'x7')")
    outcome = await workshop.heal(as_integer(workshop), checkpoint=at("apply proved", meddling))
    assert outcome.state == "refused"
    assert "x7" in (outcome.reason or "")
    assert workshop.structure() == before


@pytest.mark.parametrize(
    "meddling",
    [
        "alter table app.a drop constraint a_profile_id_fkey",
        "comment on constraint a_profile_id_fkey on app.a is 'new'",
        "alter table app.a disable trigger all",
        "create table app.d (p text references app.profiles)",
    ],
)
async def test_ddl_of_others_before_the_lock_leaves_all_as_it_is(workshop: Workshop, meddling: str) -> None:
    workshop.database.execute(TEXTS)
    before = workshop.structure()
    seen: list[Any] = []

    async def meddle() -> None:
        await executing(workshop, meddling)()
        seen.extend(workshop.structure())

    outcome = await workshop.heal(as_integer(workshop), checkpoint=at("apply 1 intended", meddle))
    assert outcome.state in ("superseded", "refused", "failed")
    assert seen != before or "trigger" in meddling
    assert workshop.structure() == seen
    assert workshop.leftovers() == []


async def test_what_cannot_be_kept_of_one_table_refuses_all_and_says_which(workshop: Workshop) -> None:
    workshop.database.execute(TEXTS)
    workshop.database.execute("alter table app.a add g text generated always as (profile_id || 'x') stored")
    plan = await workshop.plan(as_integer(workshop))
    assert plan.refusal == "app.a.profile_id: column app.a.g is generated from the column"


async def test_a_table_of_others_is_named_with_the_cure(workshop: Workshop, role: Roles) -> None:
    fixer, owner = role("nologin").name, role("nologin").name
    workshop.database.execute(SMALL)
    workshop.database.execute(f"""
        grant usage on schema app to {fixer}; alter table app.users owner to {fixer};
        alter table app.orders owner to {owner};
    """.encode())  # fmt: skip
    await workshop.connection.execute(f"set role {fixer}".encode())
    plan = await workshop.plan(widened(workshop))
    assert "app.orders.user_id has to change with it, and app.orders belongs to role" in (plan.refusal or "")


async def test_a_guess_about_a_table_of_others_does_not_keep_the_key_from_changing(
    workshop: Workshop, role: Roles
) -> None:
    fixer, owner = role("nologin").name, role("nologin").name
    workshop.database.execute(SMALL)
    workshop.database.execute(f"""
        create table app.mine (id int primary key); create table app.theirs (mine_id int references app.mine);
        grant usage on schema app to {fixer}; alter table app.users owner to {fixer};
        alter table app.orders owner to {fixer}; alter table app.loose owner to {owner};
        alter table app.mine owner to {fixer}; alter table app.theirs owner to {owner};
    """.encode())  # fmt: skip
    remedy = widened(workshop, ("app.loose", 2), ("app.mine", 1))
    await workshop.connection.execute(f"set role {fixer}".encode())
    plan = await workshop.plan(remedy)
    assert (plan.refusal, plan.needs_approval) == (None, None)
    assert {name for _, name in plan.tables} == {"app.users", "app.orders"}
    notes = " ".join(plan.notes)
    stays = "which means the same by evidence, stays as it is"
    assert f"app.loose.user_id, {stays}: app.loose belongs to role {owner}" in notes
    assert f"app.mine.id, {stays}: app.theirs belongs to role {owner}" in notes


async def test_above_online_above_it_waits_and_says_for_what(workshop: Workshop) -> None:
    workshop.database.execute(APP.encode())
    workshop.limits = replace(workshop.limits, online_above=timedelta(milliseconds=20))
    plan = await workshop.plan(widened(workshop))
    assert (plan.steps, plan.refusal) == ((), None)
    assert "an online change of all 5 columns together" in (plan.waits_for or "")
    assert all(f"{name} " in (plan.waits_for or "") for name in MEMBERS)


async def test_five_small_tables_fit_into_what_is_allowed_by_default(workshop: Workshop) -> None:
    workshop.database.execute(TEXTS)
    workshop.limits = replace(workshop.limits, online_above=timedelta(milliseconds=80))
    workshop.database.execute("drop table app.c")
    assert (await workshop.plan(as_integer(workshop))).waits_for is None


async def test_it_waits_for_nobody_and_names_who_keeps_one_of_the_tables(
    workshop: Workshop, shop: psycopg.AsyncConnection[Any]
) -> None:
    workshop.database.execute(SMALL)
    before = workshop.structure()
    await shop.execute("insert into app.orders values (1000, 1)")
    outcome = await workshop.heal(widened(workshop))
    assert outcome.state == "deferred"
    assert f"process {shop.info.backend_pid} of webshop" in (outcome.reason or "")
    assert workshop.structure() == before
    await shop.rollback()
    assert (await workshop.again()).state == "applied"


async def test_a_session_that_has_taken_a_number_and_no_row_yet_defers_it(
    workshop: Workshop, shop: psycopg.AsyncConnection[Any]
) -> None:
    workshop.database.execute(SMALL)
    await shop.execute("select nextval('app.users_id_seq')")
    outcome = await workshop.heal(widened(workshop))
    assert outcome.state == "deferred"
    await shop.commit()
    assert (await workshop.again()).state == "applied"


async def test_two_columns_of_one_table_change_together(workshop: Workshop) -> None:
    workshop.database.execute("""
        create schema app; create table app.users (id serial primary key, boss int references app.users, n int);
        insert into app.users (boss) values (null), (1), (2);
    """)
    before = workshop.structure()
    outcome = await workshop.heal(widened(workshop))
    assert (outcome.state, outcome.reason) == ("applied", None)
    found = workshop.database.value(
        "select string_agg(format_type(atttypid, null), ' ' order by attnum)"
        " from pg_attribute where attrelid = 'app.users'::regclass and attnum > 0"
    )
    assert found == "bigint bigint integer"
    assert (await workshop.roll_back(outcome)).state == "rolled_back"
    assert workshop.structure() == before


async def test_a_rehearsal_tries_the_whole_group(workshop: Workshop) -> None:
    workshop.database.execute(APP.encode())
    rehearsed = await rehearse(workshop, await workshop.plan(widened(workshop)))
    assert {each.name: each.verdict for each in rehearsed.proofs if each.name != STATEMENTS} == {
        STEPS: Verdict.PROVED,
        LOCKS: Verdict.PROVED,
        REWRITES: Verdict.PROVED,
    }


async def test_a_key_that_is_nearly_used_up_is_found_planned_and_mended_with_what_refers_to_it(
    workshop: Workshop,
) -> None:
    workshop.database.execute(SMALL.encode())
    workshop.database.execute("select setval('app.users_id_seq', 2000000000)")

    async def found() -> dict[tuple[str, str], Issue]:
        result = await check(workshop.connection, Settings())
        short = ("SEQUENCE_EXHAUSTION", "SHORT_KEY_TYPE")
        issues = [each.issue for each in result.issues if each.issue.issue_type in short]
        return {(issue.issue_type, issue.table): issue for issue in issues}

    issues = await found()
    assert issues.keys() == {("SEQUENCE_EXHAUSTION", "users"), ("SHORT_KEY_TYPE", "orders")}
    assert issues["SHORT_KEY_TYPE", "orders"].remedy is None
    remedy = issues["SEQUENCE_EXHAUSTION", "users"].remedy
    assert remedy is not None
    assert (await workshop.heal(remedy)).state == "applied"
    assert await found() == {}
    assert types(workshop)["app.orders.user_id"] == "bigint"
