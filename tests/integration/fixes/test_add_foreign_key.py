"""Foreign keys: orphans shown, index first, added for new rows, then validated; and taken back."""

from __future__ import annotations

import psycopg
import pytest
from pgmend.listener.fixes.plan import Verdict
from pgmend.listener.fixes.preflight import objection, preflight
from pgmend.listener.remedy import AddForeignKey

from tests.support.dialect import skip_before
from tests.support.role import Roles
from tests.support.workshop import Workshop

APP = """
create schema app;
create table app.users
  (id int primary key, email text unique, org int, seat int, big bigint unique, unique (org, seat));
create table app.orders (id int primary key, user_id int, email text, org int, seat int, big numeric, parent int);
insert into app.users select n, 'u' || n, n / 10, n % 10, n from generate_series(1, 100) n;
insert into app.orders select n, n % 100 + 1, 'u' || n, n / 10, n % 10, n, nullif(n / 2, 0)
from generate_series(1, 100) n;
"""


@pytest.fixture(autouse=True)
def application(workshop: Workshop) -> None:
    workshop.database.execute(APP)


def to_users(workshop: Workshop, **fields: object) -> AddForeignKey:
    return AddForeignKey(
        **{
            "table": workshop.oid("app.orders"),
            "columns": (2,),
            "referenced_table": workshop.oid("app.users"),
            "referenced_columns": (1,),
            **fields,
        }  # type: ignore[arg-type]
    )


def foreign_keys(workshop: Workshop) -> list[tuple[str, str, bool]]:
    return workshop.database.fetch(
        "select conname, pg_get_constraintdef(oid), convalidated from pg_constraint"
        " where contype = 'f' and connamespace = 'app'::regnamespace and conparentid = 0"
    )


async def test_an_invalid_index_is_waited_for_and_not_doubled(workshop: Workshop) -> None:
    with psycopg.connect(workshop.database.dsn, autocommit=True) as builder:
        builder.execute("update app.orders set user_id = 5 where id < 3")
        with pytest.raises(psycopg.errors.UniqueViolation):
            builder.execute("create unique index concurrently by_user on app.orders (user_id)")
        plan = await workshop.plan(to_users(workshop))
        assert plan.waits_for is not None
        assert plan.waits_for.startswith("the index by_user, which is invalid")
        builder.execute("update app.orders set user_id = id")
        builder.execute("reindex index app.by_user")
    plan = await workshop.plan(to_users(workshop))
    assert (plan.waits_for, len(plan.steps)) == (None, 2)


async def test_a_foreign_key_comes_with_its_index_and_both_go_again(workshop: Workshop) -> None:
    before = workshop.structure()
    outcome = await workshop.heal(to_users(workshop))
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert foreign_keys(workshop) == [("orders_user_id_fkey", "FOREIGN KEY (user_id) REFERENCES app.users(id)", True)]
    assert workshop.database.value("select to_regclass('app.orders_user_id_idx')") is not None
    assert [(proof.name, proof.verdict) for proof in outcome.proofs] == [("no orphans", Verdict.PROVED)]
    workshop.database.execute("insert into app.orders values (1000, 7)")
    assert (await workshop.roll_back(outcome)).state == "rolled_back"
    assert workshop.structure() == before
    assert workshop.leftovers() == []
    assert workshop.database.value("select count(*) from app.orders where id = 1000") == 1


async def test_the_steps_are_index_then_not_valid_then_validate(workshop: Workshop) -> None:
    plan = await workshop.plan(to_users(workshop))
    assert [(step.transactional, step.long_running, step.statements) for step in plan.steps] == [
        (
            False,
            True,
            ('create index concurrently "orders_user_id_idx" on "app"."orders" using "btree" ("user_id")',),
        ),
        (
            True,
            False,
            (
                'alter table only "app"."orders" add constraint "orders_user_id_fkey" foreign key ("user_id")'
                ' references "app"."users" ("id") on update no action on delete no action not valid',
            ),
        ),
        (True, True, ('alter table "app"."orders" validate constraint "orders_user_id_fkey"',)),
    ]
    assert [(lock.mode, lock.relation) for lock in plan.steps[1].locks] == [
        ("SHARE ROW EXCLUSIVE", "app.orders"),
        ("SHARE ROW EXCLUSIVE", "app.users"),
    ]


@pytest.mark.parametrize(
    ("index", "columns", "referenced", "serves"),
    [
        ("(user_id)", (2,), (1,), True),
        ("(user_id, email)", (2,), (1,), True),
        ("using hash (user_id)", (2,), (1,), True),
        ("(email, user_id)", (2,), (1,), False),
        ("(user_id) where id > 3", (2,), (1,), False),
        ("(seat, org)", (4, 5), (3, 4), True),
        ("(seat)", (4, 5), (3, 4), False),
    ],
)
async def test_an_index_is_made_only_where_none_serves(
    workshop: Workshop, index: str, columns: tuple[int, ...], referenced: tuple[int, ...], serves: bool
) -> None:
    workshop.database.execute(f"create index there on app.orders {index}".encode())
    plan = await workshop.plan(to_users(workshop, columns=columns, referenced_columns=referenced))
    assert len(plan.steps) == (2 if serves else 3)


async def test_one_that_comes_back_comes_without_an_index_that_was_not_there(workshop: Workshop) -> None:
    plan = await workshop.plan(to_users(workshop, name="of_user"))
    assert [step.title for step in plan.steps] == [
        "Add foreign key of_user, for new rows",
        "Validate of_user for the rows that are there",
    ]
    assert (plan.restores, plan.waits_for) == (True, None)


async def test_orphans_refuse_and_are_shown_with_their_keys(workshop: Workshop) -> None:
    before = workshop.structure()
    workshop.database.execute("update app.orders set user_id = 5000 + id where id in (3, 5)")
    outcome = await workshop.heal(to_users(workshop))
    assert outcome.state == "refused"
    (proof,) = outcome.proofs
    assert proof.verdict is Verdict.REFUTED
    assert proof.figures.startswith("2 found")
    assert sorted(proof.counter_examples) == ["id=3, user_id=5003", "id=5, user_id=5005"]
    assert "id=3, user_id=5003" in (outcome.reason or "")
    assert workshop.structure() == before


async def test_of_many_orphans_some_are_shown_and_all_are_counted(workshop: Workshop) -> None:
    workshop.database.execute("update app.orders set user_id = 5000 where id > 50")
    outcome = await workshop.heal(to_users(workshop))
    assert outcome.proofs[0].figures.startswith("50 found")
    assert len(outcome.proofs[0].counter_examples) == workshop.limits.counter_examples


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"on_update": "c", "on_delete": "n"}, " ON UPDATE CASCADE ON DELETE SET NULL"),
        ({"on_delete": "r", "deferrable": True}, " ON DELETE RESTRICT DEFERRABLE"),
        (
            {"on_delete": "d", "deferrable": True, "deferred": True},
            " ON DELETE SET DEFAULT DEFERRABLE INITIALLY DEFERRED",
        ),
        ({"match_type": "f"}, " MATCH FULL"),
    ],
)
async def test_actions_deferral_and_match_are_as_the_remedy_says(
    workshop: Workshop, fields: dict[str, object], said: str
) -> None:
    assert (await workshop.heal(to_users(workshop, **fields))).state == "applied"
    ((_, definition, validated),) = foreign_keys(workshop)
    assert (definition, validated) == (f"FOREIGN KEY (user_id) REFERENCES app.users(id){said}", True)


async def test_a_composite_key_keeps_its_pairs_and_sets_null_what_it_should(workshop: Workshop) -> None:
    skip_before(15, workshop.connection)
    remedy = to_users(
        workshop, columns=(5, 4), referenced_columns=(4, 3), on_delete="n", on_delete_columns=(5,), name="pair"
    )
    outcome = await workshop.heal(remedy)
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert foreign_keys(workshop) == [
        ("pair", "FOREIGN KEY (seat, org) REFERENCES app.users(seat, org) ON DELETE SET NULL (seat)", True)
    ]


async def test_match_full_refuses_rows_that_are_partly_null(workshop: Workshop) -> None:
    workshop.database.execute(
        "update app.orders set seat = null where id = 4; update app.orders set (org, seat) = (null, null) where id = 5"
    )
    simple, full = (
        to_users(workshop, columns=(4, 5), referenced_columns=(3, 4), match_type=match_type) for match_type in "sf"
    )
    outcome = await workshop.heal(full)
    assert outcome.state == "refused"
    assert outcome.proofs[0].counter_examples == ("id=4, org=0, seat=NULL",)
    assert (await workshop.heal(simple)).state == "applied"


async def test_a_table_can_refer_to_itself(workshop: Workshop) -> None:
    remedy = to_users(workshop, columns=(7,), referenced_table=workshop.oid("app.orders"))
    before = workshop.structure()
    outcome = await workshop.heal(remedy)
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert (await workshop.roll_back(outcome)).state == "rolled_back"
    assert workshop.structure() == before


async def test_a_foreign_key_that_was_not_valid_comes_back_not_valid(workshop: Workshop) -> None:
    workshop.database.execute("update app.orders set user_id = 5000 where id = 3")
    outcome = await workshop.heal(to_users(workshop, validated=False, name="was"))
    assert outcome.state == "applied"
    assert foreign_keys(workshop) == [("was", "FOREIGN KEY (user_id) REFERENCES app.users(id) NOT VALID", False)]


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"columns": (2,), "referenced_columns": (5,)}, "applied"),  # int to bigint
        ({"columns": (2,), "referenced_columns": (2,)}, "int and text"),
        ({"columns": (3,), "referenced_columns": (1,)}, "text and int"),
        ({"columns": (6,), "referenced_columns": (5,)}, "numeric to bigint"),
    ],
    ids=["int to bigint", "int to text", "text to int", "numeric to bigint"],
)
async def test_types_that_cannot_be_compared_are_told_before_anything_happens(
    workshop: Workshop, fields: dict[str, object], state: str
) -> None:
    workshop.database.execute("update app.users set big = id")
    outcome = await workshop.heal(to_users(workshop, **fields))
    assert outcome.state == ("applied" if state == "applied" else "refused")
    if state != "applied":
        assert "types must be mended first" in (outcome.reason or "")


@pytest.mark.parametrize(
    "kinds", ["varchar(20) text", "app.email text", "text varchar(5)", "citext citext", "app.mood app.mood"]
)
async def test_types_that_postgres_can_compare_are_compared_as_it_does(workshop: Workshop, kinds: str) -> None:
    referring, referenced = kinds.split()
    workshop.database.execute(f"""
        create domain app.email as text; create extension citext; create type app.mood as enum ('A', 'b');
        create table app.keys (k {referenced} primary key); create table app.refs (id int primary key, r {referring});
        insert into app.keys values ('A'), ('b'); insert into app.refs values (1, 'A'), (2, 'b'), (3, null);
    """.encode())  # fmt: skip
    if referring == "citext":
        workshop.database.execute("insert into app.refs values (4, 'a')")
    outcome = await workshop.heal(AddForeignKey(workshop.oid("app.refs"), (2,), workshop.oid("app.keys"), (1,)))
    assert (outcome.state, outcome.reason) == ("applied", None)


@pytest.mark.parametrize(
    ("setup", "fields", "said"),
    [
        ("", {"referenced_columns": (3,)}, "No unique index of app.users is on exactly (org)"),
        ("", {"referenced_columns": (1, 2)}, "pairs each column"),
        ("alter table app.orders drop user_id", {}, "is gone"),
        ("alter table app.users set unlogged", {}, "cannot refer"),
        (
            "alter table app.orders add foreign key (user_id) references app.users",
            {},
            "orders_user_id_fkey says so already",
        ),
        ("alter table app.orders add constraint taken check (id > 0)", {"name": "taken"}, "called taken"),
        ("create unique index part on app.users (org) where id = 1", {"referenced_columns": (3,)}, "No unique index"),
    ],
)
async def test_what_postgres_would_refuse_is_refused_before_the_first_step(
    workshop: Workshop, setup: str, fields: dict[str, object], said: str
) -> None:
    workshop.database.execute(setup.encode() or b"select 1")
    plan = await workshop.plan(to_users(workshop, **fields))
    assert said in (plan.refusal or "")


async def test_a_right_that_is_missing_is_named_with_its_cure(workshop: Workshop, role: Roles) -> None:
    fixer, owner = role("nologin").name, role("nologin").name
    workshop.database.execute(f"""
        grant usage on schema app to {fixer}; alter table app.orders owner to {fixer};
    """.encode())  # fmt: skip
    await workshop.connection.execute(f"set role {fixer}".encode())
    refused = await workshop.plan(to_users(workshop))
    assert f"GRANT REFERENCES ON app.users TO {fixer}" in (refused.refusal or "")
    workshop.database.execute(f"alter table app.orders owner to {owner}".encode())
    refused = await workshop.plan(to_users(workshop))
    assert f"app.orders belongs to role {owner}" in (refused.refusal or "")


@pytest.mark.parametrize("indexed", [True, False])
async def test_a_partitioned_table_gets_a_foreign_key_where_the_server_can(workshop: Workshop, indexed: bool) -> None:
    workshop.database.execute(f"""
        create table app.visits (id int, user_id int) partition by range (id);
        create table app.visits_1 partition of app.visits for values from (0) to (10);
        {"create index on app.visits (user_id);" if indexed else ""}
        insert into app.visits select n, n from generate_series(1, 9) n;
    """.encode())  # fmt: skip
    remedy = AddForeignKey(workshop.oid("app.visits"), (2,), workshop.oid("app.users"), (1,))
    before = workshop.structure()
    outcome = await workshop.heal(remedy)
    if workshop.database.value("select current_setting('server_version_num')::int") < 180000:
        assert outcome.state == "refused"
        assert "before PostgreSQL 18" in (outcome.reason or "")
        return
    assert (outcome.state, outcome.reason) == ("applied", None)
    parts = "select count(*) from pg_index where indrelid::regclass::text ~ '^app.visits' and indisvalid"
    assert workshop.database.value(parts) == 2
    assert (await workshop.roll_back(outcome)).state == "rolled_back"
    assert workshop.structure() == before


async def test_a_partitioned_table_can_be_referred_to(workshop: Workshop) -> None:
    workshop.database.execute("""
        create table app.keys (id int primary key) partition by range (id);
        create table app.keys_1 partition of app.keys for values from (0) to (1000);
        insert into app.keys select n from generate_series(1, 100) n;
    """)
    before = workshop.structure()
    outcome = await workshop.heal(to_users(workshop, referenced_table=workshop.oid("app.keys")))
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert (await workshop.roll_back(outcome)).state == "rolled_back"
    assert workshop.structure() == before


async def test_rows_of_inheritance_children_are_none_of_the_foreign_keys_business(workshop: Workshop) -> None:
    workshop.database.execute("create table app.old () inherits (app.orders); insert into app.old values (1, 5000)")
    assert (await workshop.heal(to_users(workshop))).state == "applied"


async def test_quoted_and_long_names_are_kept_to_the_letter(workshop: Workshop) -> None:
    long = "é" * 31
    workshop.database.execute(f"""
        create schema "Größe; --"; create table "Größe; --"."{long}" ("{long}" int primary key);
        create table "Größe; --"."Zeile""n" ("{long}" int, "ID" int); insert into "Größe; --"."{long}" values (1);
        insert into "Größe; --"."Zeile""n" values (1, 1);
    """.encode())  # fmt: skip
    table, referenced = '"Größe; --"."Zeile""n"', f'"Größe; --"."{long}"'
    before = workshop.structure()
    outcome = await workshop.heal(AddForeignKey(workshop.oid(table), (1,), workshop.oid(referenced), (1,)))
    assert (outcome.state, outcome.reason) == ("applied", None)
    ((name,),) = workshop.database.fetch(
        "select conname from pg_constraint where contype = 'f' and connamespace <> 'pgmend'::regnamespace"
    )
    assert len(name.encode()) <= 63
    assert name.endswith("_fkey")
    assert (await workshop.roll_back(outcome)).state == "rolled_back"
    assert workshop.structure() == before


async def test_a_policy_that_hides_rows_proves_nothing(workshop: Workshop, role: Roles) -> None:
    blind = role()
    workshop.database.execute(f"""
        alter table app.orders enable row level security; alter table app.orders force row level security;
        create policy few on app.orders using (id < 3);
        update app.orders set user_id = 5000 where id = 50;
        grant usage on schema app to {blind.name}; grant select on all tables in schema app to {blind.name};
    """.encode())  # fmt: skip
    plan = await workshop.plan(to_users(workshop))
    dsn = workshop.database.dsn_as(blind.name, blind.password)
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        proofs = await preflight(connection, plan.checks, workshop.limits)
    assert proofs[0].verdict is Verdict.UNPROVED
    assert "42501" in proofs[0].figures
    assert "could not be proved" in (objection(proofs) or "")
