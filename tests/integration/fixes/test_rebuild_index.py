"""REINDEX INDEX CONCURRENTLY of an invalid index."""

from __future__ import annotations

import psycopg
import pytest
from pgmend.listener.remedy import RebuildIndex

from tests.support.workshop import Workshop

APP = """
create schema app;
create table app.users (id int primary key, email text, nick text);
insert into app.users select n, 'u' || n, 'n' || n % 3 from generate_series(1, 300) n;
"""


@pytest.fixture(autouse=True)
def application(workshop: Workshop) -> None:
    workshop.database.execute(APP)


def leave_invalid(
    workshop: Workshop, create: str = "create unique index concurrently broken on app.users (email)"
) -> None:
    """An index that a failed CREATE INDEX CONCURRENTLY left, by duplicates that are mended afterwards."""
    workshop.database.execute("update app.users set email = 'twin' where id in (7, 9)")
    with pytest.raises(psycopg.errors.UniqueViolation):
        workshop.database.execute(create.encode())
    workshop.database.execute("update app.users set email = 'u9' where id = 9")


def is_valid(workshop: Workshop, name: str) -> bool:
    return workshop.database.value("select indisvalid from pg_index where indexrelid = %s::regclass", [name])


async def rebuild(workshop: Workshop, name: str) -> RebuildIndex:
    return RebuildIndex(workshop.oid("app.users"), workshop.oid(name))


@pytest.mark.parametrize(
    ("create", "name"),
    [
        ("create unique index concurrently broken on app.users (email)", "app.broken"),
        ("create unique index concurrently broken on app.users (lower(email)) where id > 0", "app.broken"),
        ("""create unique index concurrently "Kaputt""er Index" on app.users (email)""", '''app."Kaputt""er Index"'''),
        (
            f"""create unique index concurrently "{"é" * 31}x" on app.users (email)""",
            f'''app."{"é" * 31}x"''',
        ),
    ],
    ids=["plain", "expression", "quoted", "63 bytes"],
)
async def test_an_invalid_index_is_made_valid(workshop: Workshop, create: str, name: str) -> None:
    leave_invalid(workshop, create)
    outcome = await workshop.heal(await rebuild(workshop, name))
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert is_valid(workshop, name)
    assert workshop.leftovers() == []


async def test_duplicates_refuse_the_rebuild_and_are_shown(workshop: Workshop) -> None:
    leave_invalid(workshop)
    workshop.database.execute("update app.users set email = 'twin' where id in (11, 12)")
    outcome = await workshop.heal(await rebuild(workshop, "app.broken"))
    assert outcome.state == "refused"
    assert "email=twin, rows=3" in (outcome.reason or "")
    assert not is_valid(workshop, "app.broken")
    assert workshop.database.value("select count(*) from pg_class where relname like 'broken%'") == 1


async def test_duplicates_that_only_the_build_can_find_leave_all_as_it_was(workshop: Workshop) -> None:
    workshop.database.execute(
        "create function app.norm(t text) returns text language sql immutable return pg_catalog.lower(t)"
    )
    leave_invalid(workshop, "create unique index concurrently broken on app.users (app.norm(email))")
    workshop.database.execute("update app.users set email = 'TWIN' where id = 11")
    before = workshop.structure()
    outcome = await workshop.heal(await rebuild(workshop, "app.broken"))
    assert outcome.state == "failed"
    assert "23505" in (outcome.reason or "")
    assert workshop.structure() == before
    assert workshop.database.value("select count(*) from pgmend.own_backend") == 0


async def test_an_undo_of_a_rebuild_has_nothing_to_do_and_says_so(workshop: Workshop) -> None:
    leave_invalid(workshop)
    outcome = await workshop.heal(await rebuild(workshop, "app.broken"))
    assert workshop.database.value("select count(*) from pgmend.rollbacks_available") == 0
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="nothing to take back"):
        await workshop.roll_back(outcome)
    workshop.database.execute("update pgmend.fix set state = 'rollback_requested', rollback_requested_by = 'me'")
    undone = await workshop.again()
    assert undone.state == "applied"
    assert "nothing to take back" in (undone.reason or "")


@pytest.mark.parametrize("suffix", ["_ccnew", "_ccold", "_ccnew1"])
async def test_a_leftover_of_a_rebuild_is_dropped_by_approval(workshop: Workshop, suffix: str) -> None:
    leave_invalid(workshop)
    workshop.database.execute(
        f"alter index app.broken rename to users_email{suffix}; create index users_email on app.users (email)".encode()
    )
    remedy = await rebuild(workshop, f"app.users_email{suffix}")
    plan = await workshop.plan(remedy)
    assert plan.needs_approval
    assert (await workshop.heal(remedy)).state == "applied"
    names = workshop.database.fetch("select indexname::text from pg_indexes where schemaname = 'app' order by 1")
    assert names == [("users_email",), ("users_pkey",)]


async def test_an_index_that_is_only_called_like_a_leftover_is_rebuilt(workshop: Workshop) -> None:
    leave_invalid(workshop, "create unique index concurrently my_ccnew on app.users (email)")
    assert (await workshop.heal(await rebuild(workshop, "app.my_ccnew"))).state == "applied"
    assert is_valid(workshop, "app.my_ccnew")
    assert workshop.leftovers() == []


async def test_what_another_left_under_the_transient_name_stays(workshop: Workshop) -> None:
    leave_invalid(workshop)
    workshop.database.execute("create index broken_ccnew on app.users (nick)")
    assert (await workshop.heal(await rebuild(workshop, "app.broken"))).state == "applied"
    assert is_valid(workshop, "app.broken_ccnew")
    assert workshop.database.value("select count(*) from pg_class where relname like 'broken%'") == 2


async def test_an_exclusion_constraint_is_refused_with_the_cure(workshop: Workshop) -> None:
    workshop.database.execute("""
        create table app.stays (during int4range, exclude using gist (during with &&));
        update pg_index set indisvalid = false where indexrelid = 'app.stays_during_excl'::regclass;
    """)
    plan = await workshop.plan(RebuildIndex(workshop.oid("app.stays"), workshop.oid("app.stays_during_excl")))
    assert "exclusion constraint" in (plan.refusal or "")


async def test_the_index_of_a_partitioned_table_is_refused_with_the_cure(workshop: Workshop) -> None:
    workshop.database.execute("""
        create table app.parted (a int) partition by list (a); create table app.part partition of app.parted default;
        create index parted_a on only app.parted (a);
    """)
    plan = await workshop.plan(RebuildIndex(workshop.oid("app.parted"), workshop.oid("app.parted_a")))
    assert "ATTACH PARTITION" in (plan.refusal or "")


async def test_a_valid_index_and_a_gone_one_are_refused(workshop: Workshop) -> None:
    plan = await workshop.plan(await rebuild(workshop, "app.users_pkey"))
    assert plan.refusal == "Index users_pkey is valid by now."
    plan = await workshop.plan(RebuildIndex(workshop.oid("app.users"), 4))
    assert plan.refusal == "The index with OID 4 is gone."
