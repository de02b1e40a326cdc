"""DROP INDEX CONCURRENTLY of a duplicate, and its return with all that hung on it."""

from __future__ import annotations

import pytest
from pgmend.listener.remedy import DropIndex

from tests.support.workshop import Workshop

APP = """
create schema app;
create table app.users (id int primary key, email text not null, nick text, unique (nick));
insert into app.users select n, 'u' || n, 'n' || n from generate_series(1, 300) n;
create index kept on app.users (email);
create index twin on app.users (email);
"""


@pytest.fixture(autouse=True)
def application(workshop: Workshop) -> None:
    workshop.database.execute(APP)


def drop(workshop: Workshop, dropped: str = "app.twin", kept: str = "app.kept") -> DropIndex:
    return DropIndex(workshop.oid("app.users"), workshop.oid(dropped), workshop.oid(kept))


async def test_a_duplicate_is_dropped_by_approval_and_comes_back(workshop: Workshop) -> None:
    before = workshop.structure()
    assert (await workshop.plan(drop(workshop))).needs_approval
    outcome = await workshop.heal(drop(workshop))
    assert outcome.state == "applied"
    assert workshop.database.value("select to_regclass('app.twin')") is None
    workshop.database.execute("insert into app.users values (1000, 'later')")
    assert (await workshop.roll_back(outcome)).state == "rolled_back"
    assert workshop.structure() == before
    assert workshop.database.value("select count(*) from app.users where id = 1000") == 1


async def test_comment_statistics_target_cluster_mark_and_options_come_back(workshop: Workshop) -> None:
    workshop.database.execute("""
        drop index app.kept, app.twin;
        create index kept on app.users (lower(email), length(nick)) where id > 3;
        create index twin on app.users (lower(email), length(nick)) with (fillfactor = 60) where id > 3;
        comment on index app.twin is 'It''s "mine" \\ {}';
        alter index app.twin alter column 1 set statistics 700;
        alter index app.twin alter column 2 set statistics 0;
        create index clustered on app.users (email); create index as_well on app.users (email);
        alter table app.users cluster on clustered;
    """)
    before = workshop.structure()
    outcome = await workshop.heal(drop(workshop))
    clustered = await workshop.heal(drop(workshop, "app.clustered", "app.as_well"))
    assert (outcome.state, clustered.state) == ("applied", "applied")
    assert (await workshop.roll_back(outcome)).state == "rolled_back"
    assert (await workshop.roll_back(clustered)).state == "rolled_back"
    assert workshop.structure() == before
    assert workshop.leftovers() == []


DIFFERENT = {
    "another column": "(nick)",
    "another order": "(email desc)",
    "another collation": """(email collate "C")""",
    "another operator class": "(email text_pattern_ops)",
    "a predicate": "(email) where id > 3",
    "included columns": "(email) include (nick)",
    "another method": "using hash (email)",
    "unique": "(id)",
}


@pytest.mark.parametrize("columns", DIFFERENT.values(), ids=DIFFERENT)
async def test_an_index_that_does_more_or_other_work_is_not_dropped(workshop: Workshop, columns: str) -> None:
    unique = "unique " if columns == "(id)" else ""
    workshop.database.execute(f"create {unique}index other on app.users {columns}".encode())
    workshop.database.execute("create index plain on app.users (id)")
    outcome = await workshop.heal(drop(workshop, "app.other", "app.plain" if unique else "app.kept"))
    assert outcome.state == "refused"
    assert workshop.database.value("select to_regclass('app.other')") is not None


async def test_an_index_goes_in_favour_of_the_same_one_that_is_unique(workshop: Workshop) -> None:
    workshop.database.execute("create index plain on app.users (id)")
    assert (await workshop.heal(drop(workshop, "app.plain", "app.users_pkey"))).state == "applied"


COVERED = {
    "a prefix": ("(email)", "(email, nick)"),
    "a prefix of two": ("(email, nick)", "(email, nick, id)"),
    "a prefix with included columns": ("(email) include (nick)", "(email, nick)"),
    "included columns in included columns": ("(email) include (nick)", "(email) include (id, nick)"),
    "a prefix with the same order and class": (
        "(email text_pattern_ops desc)",
        "(email text_pattern_ops desc, nick)",
    ),
    "the same rows": ("(email) where id > 3", "(email, nick) where id > 3"),
}


@pytest.mark.parametrize(("dropped", "kept"), COVERED.values(), ids=COVERED)
async def test_an_index_goes_in_favour_of_one_that_begins_with_its_columns(
    workshop: Workshop, dropped: str, kept: str
) -> None:
    workshop.database.execute(f"create index short on app.users {dropped}".encode())
    workshop.database.execute(f"create index long on app.users {kept}".encode())
    before = workshop.structure()
    remedy = drop(workshop, "app.short", "app.long")
    assert (await workshop.plan(remedy)).needs_approval
    outcome = await workshop.heal(remedy)
    assert outcome.state == "applied"
    assert workshop.database.value("select to_regclass('app.short')") is None
    assert (await workshop.roll_back(outcome)).state == "rolled_back"
    assert workshop.structure() == before


NOT_COVERED = {
    "another order": ("(nick)", "(email, nick)"),
    "the longer one": ("(email, nick)", "(email)"),
    "partial": ("(email) where id > 3", "(email, nick)"),
    "only some rows are left": ("(email)", "(email, nick) where id > 3"),
    "other rows": ("(email) where id > 3", "(email, nick) where id > 4"),
    "descending": ("(email)", "(email desc, nick)"),
    "another class": ("(email text_pattern_ops)", "(email, nick)"),
    "another collation": ("""(email collate "C")""", "(email, nick)"),
    "included columns": ("(email) include (nick)", "(email, id)"),
    "hash": ("using hash (email)", "(email, nick)"),
    "gin": ("using gin (string_to_array(email, ' '))", "(email, nick)"),
    "expression": ("(lower(email))", "(lower(email), nick)"),
    "brin": ("using brin (email)", "using brin (email, nick)"),
}


@pytest.mark.parametrize(("dropped", "kept"), NOT_COVERED.values(), ids=NOT_COVERED)
async def test_an_index_stays_that_the_other_one_does_not_cover(workshop: Workshop, dropped: str, kept: str) -> None:
    workshop.database.execute(f"create index short on app.users {dropped}".encode())
    workshop.database.execute(f"create index long on app.users {kept}".encode())
    outcome = await workshop.heal(drop(workshop, "app.short", "app.long"))
    assert outcome.state == "refused"
    assert workshop.database.value("select to_regclass('app.short')") is not None


async def test_a_unique_index_stays_though_a_longer_one_begins_with_its_columns(workshop: Workshop) -> None:
    workshop.database.execute("""
        create unique index short on app.users (email); create unique index long on app.users (email, nick)
    """)
    assert (await workshop.heal(drop(workshop, "app.short", "app.long"))).state == "refused"


async def test_the_short_one_stays_once_the_long_one_was_made_anew_on_other_columns(workshop: Workshop) -> None:
    workshop.database.execute("create index long on app.users (email, nick)")
    claim = await workshop.claim(drop(workshop, "app.twin", "app.long"))
    workshop.database.execute("drop index app.long; create index long on app.users (nick, email)")
    outcome = await workshop.executor().carry_on(claim, workshop.lease)
    assert outcome.state == "superseded"
    assert workshop.database.value("select to_regclass('app.twin')") is not None


@pytest.mark.parametrize(
    ("setup", "dropped", "kept", "said"),
    [
        ("create unique index u on app.users (nick)", "app.users_nick_key", "app.u", "Constraint users_nick_key"),
        (
            "create unique index u on app.users (email); create table app.mails (e text references app.users (email));"
            "create unique index v on app.users (email)",
            "app.u",
            "app.v",
            "Constraint mails_e_fkey",
        ),
        (
            "create unique index u on app.users (email); create unique index v on app.users (email);"
            "alter table app.users replica identity using index u",
            "app.u",
            "app.v",
            "replica identity",
        ),
        ("", "app.twin", "app.twin", "does not do the work"),
        (
            "update pg_index set indisvalid = false where indexrelid = 'app.twin'::regclass",
            "app.twin",
            "app.kept",
            "invalid",
        ),
    ],
    ids=["constraint", "foreign key", "replica identity", "itself", "invalid"],
)
async def test_an_index_that_something_stands_on_is_refused(
    workshop: Workshop, setup: str, dropped: str, kept: str, said: str
) -> None:
    workshop.database.execute(setup.encode() or b"select 1")
    plan = await workshop.plan(drop(workshop, dropped, kept))
    assert said in (plan.refusal or "")


async def test_a_part_of_a_partitioned_index_is_refused(workshop: Workshop) -> None:
    workshop.database.execute("""
        create table app.parted (a int) partition by list (a); create table app.part partition of app.parted default;
        create index on app.parted (a); create index own on app.part (a);
    """)
    plan = await workshop.plan(
        DropIndex(workshop.oid("app.part"), workshop.oid("app.part_a_idx"), workshop.oid("app.own"))
    )
    assert "partitioned" in (plan.refusal or "")


async def test_the_twin_stays_once_the_kept_one_has_gone(workshop: Workshop) -> None:
    claim = await workshop.claim(drop(workshop))
    workshop.database.execute("drop index app.kept")
    outcome = await workshop.executor().carry_on(claim, workshop.lease)
    assert outcome.state == "superseded"
    assert workshop.database.value("select to_regclass('app.twin')") is not None


async def test_another_index_that_took_the_name_stays(workshop: Workshop) -> None:
    claim = await workshop.claim(drop(workshop))
    workshop.database.execute("drop index app.twin; create index twin on app.users (nick)")
    outcome = await workshop.executor().carry_on(claim, workshop.lease)
    assert outcome.state == "superseded"
    assert workshop.database.value("select to_regclass('app.twin')") is not None
