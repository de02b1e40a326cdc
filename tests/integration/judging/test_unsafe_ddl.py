"""UNSAFE_DDL: what statements did on a real server, heard by event triggers, and what is passed over in silence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import psycopg
import pytest
from pgmend.listener.catalog.exclusion import LeftAlone
from pgmend.listener.check import check
from pgmend.listener.connection import connect
from pgmend.listener.hearing.lease import take_lease
from pgmend.listener.impact import suspicion
from pgmend.listener.issue import Issue, Severity
from pgmend.listener.judging.analyst import Analyst
from pgmend.listener.judging.judge import Judge
from pgmend.listener.settings import Settings

from tests.support.database import Database
from tests.support.dialect import needs, skip_before

WORLD = """
    create table parent (id int primary key); insert into parent select generate_series(1, 10);
    create table "Orders, 1" (
      id int primary key, n int, small int not null default 1, code varchar(20), "Größe" text, at timestamptz
    );
    insert into "Orders, 1" select i, 1 + i % 10, 1, 'c' || i, 'g', now() from generate_series(1, 2000) as i;
    create index "by n" on "Orders, 1" (n);
    create table empty (id int primary key, n int);
    analyze
"""
TABLE = '"Orders, 1"'
ALWAYS = timedelta(0)


@asynccontextmanager
async def listening(database: Database, above: timedelta = ALWAYS) -> AsyncIterator[Analyst]:
    """A listener that has looked once."""
    async with await connect(database.dsn, "test") as leading, await database.connect() as connection:
        lease = await take_lease(leading, "test")
        assert lease is not None
        analyst = Analyst(connection, lease, Judge(), LeftAlone(()), online_above=above)
        await analyst.begin()
        yield analyst
        await lease.release(leading)


def told(analyst: Analyst) -> list[Issue]:
    found = [issue for issue in analyst.open_issues() if issue.issue_type == "UNSAFE_DDL"]
    return sorted(found, key=lambda issue: (issue.table, issue.column, issue.object_name))


async def after(database: Database, *statements: str, above: timedelta = ALWAYS) -> list[Issue]:
    """What is told once those statements ran, each sent by itself."""
    async with listening(database, above) as analyst:
        for statement in statements:
            database.execute(statement.encode())
        await analyst.react()
        return told(analyst)


@pytest.fixture
def world(installed: Database) -> Database:
    installed.execute(WORLD)
    return installed


Told = tuple[str, str, str, str, str]
UNSAFE: dict[str, Told] = {
    f"create index i on {TABLE} (code)": (
        "code", "i", "SHARE", "built the index i",
        'create index concurrently "i" on "public"."Orders, 1" USING "btree" ("code")',
    ),
    f"create unique index i on {TABLE} (id) include (n)": (
        "id", "i", "SHARE", "built the index i",
        'create unique index concurrently "i" on "public"."Orders, 1" USING "btree" ("id") INCLUDE ("n")',
    ),
    f"create index i on {TABLE} (lower(code)) where n > 3": (
        "", "i", "SHARE", "built the index i",
        'create index concurrently "i" on "public"."Orders, 1" USING btree (lower((code)::text)) WHERE (n > 3)',
    ),
    'drop index "by n"': (
        "n", "by n", "ACCESS EXCLUSIVE", "dropped the index by n", 'drop index concurrently "public"."by n"',
    ),
    f"alter table {TABLE} add constraint \"U, 1\" unique (id, n)": (
        "id, n", "U, 1", "ACCESS EXCLUSIVE", "built the index U, 1",
        'create unique index concurrently "U, 1" on "public"."Orders, 1" USING "btree" ("id", "n");'
        ' alter table "public"."Orders, 1" add constraint "U, 1" unique using index "U, 1"',
    ),
    f"alter table {TABLE} add foreign key (n) references parent": (
        "n", "Orders, 1_n_fkey", "SHARE ROW EXCLUSIVE", "looked all rows up in public.parent for Orders, 1_n_fkey",
        'alter table "public"."Orders, 1" add constraint "Orders, 1_n_fkey" FOREIGN KEY (n) REFERENCES'
        ' public.parent(id) not valid;'
        ' alter table "public"."Orders, 1" validate constraint "Orders, 1_n_fkey"',
    ),
    f"alter table {TABLE} add check (n > 0)": (
        "n", "Orders, 1_n_check", "ACCESS EXCLUSIVE", "read all rows to check Orders, 1_n_check",
        'alter table "public"."Orders, 1" add constraint "Orders, 1_n_check" CHECK ((n > 0)) not valid;'
        ' alter table "public"."Orders, 1" validate constraint "Orders, 1_n_check"',
    ),
    f'alter table {TABLE} alter "Größe" set not null': (
        "Größe", "", "ACCESS EXCLUSIVE", "read all rows for a NULL in Größe",
        'alter table "public"."Orders, 1" add constraint "Orders, 1_Größe_not_null" not null "Größe" not valid;'
        ' alter table "public"."Orders, 1" validate constraint "Orders, 1_Größe_not_null"',
    ),
    f"alter table {TABLE} alter n type bigint": (
        "n", "", "ACCESS EXCLUSIVE", "wrote all rows and indexes anew",
        'alter table "public"."Orders, 1" add column "n_new" bigint;'
        ' update "public"."Orders, 1" set "n_new" = "n"::bigint where ctid = any (array(select ctid from'
        ' "public"."Orders, 1" where "n_new" is distinct from "n"::bigint limit 5000));',
    ),
    f"alter table {TABLE} add column made timestamptz default clock_timestamp()": (
        "made", "", "ACCESS EXCLUSIVE", "wrote all rows and indexes anew",
        'alter table "public"."Orders, 1" add column "made" timestamp with time zone;'
        ' alter table "public"."Orders, 1" alter column "made" set default clock_timestamp();'
        ' update "public"."Orders, 1" set "made" = clock_timestamp() where ctid = any (array(select ctid from'
        ' "public"."Orders, 1" where "made" is null limit 5000));',
    ),
    f"alter table {TABLE} add column twice int generated always as (n * 2) stored": (
        "twice", "", "ACCESS EXCLUSIVE", "wrote all rows and indexes anew", "set lock_timeout = '50ms';",
    ),
    f"alter table {TABLE} add column nr serial": (
        "nr", "", "ACCESS EXCLUSIVE", "wrote all rows and indexes anew", "set lock_timeout = '50ms';",
    ),
    f"alter table {TABLE} set unlogged": (
        "", "UNLOGGED", "ACCESS EXCLUSIVE", "wrote all rows and indexes anew", "set lock_timeout = '50ms';",
    ),
    f"alter table {TABLE} add exclude (n with =) where (id = 0)": (
        "n", "Orders, 1_n_excl", "ACCESS EXCLUSIVE", "built the index Orders, 1_n_excl", "set lock_timeout = '50ms';",
    ),
}  # fmt: skip


@pytest.mark.parametrize("statement", UNSAFE)
async def test_statement_is_told_with_what_it_did_and_how_to_run_it_next_time(world: Database, statement: str) -> None:
    (issue,) = await after(world, statement)
    column, subject, lock, what, instead = UNSAFE[statement]
    skip_before(needs(instead), await world.connect())
    assert (issue.severity, issue.table, issue.column, issue.object_name) == (
        Severity.LOW, "Orders, 1", column, subject,
    )  # fmt: skip
    command = " ".join(statement.split()[:2]).replace("create unique", "create index").upper()
    assert issue.current_state.startswith(f"{command} {what} of public.Orders, 1 (")
    assert f") under {lock}: meanwhile nobody could " in issue.current_state
    assert "some 2,000 rows" in issue.current_state
    assert issue.expected_state.startswith(f"Next time it keeps nobody waiting: {instead}")
    assert issue.remedy is None
    assert issue.doubt
    assert not issue.backlog
    event = world.fetch("select command_tag from pgmend.ddl_log where event_id = %s", [issue.event_id])
    assert event == [(command,)]


@pytest.mark.parametrize(
    "statement",
    [s for s, (_, _, _, _, instead) in UNSAFE.items() if "alter table" in instead or "concurrently" in instead],
)
async def test_what_is_to_be_run_next_time_runs_and_is_told_of_no_more(world: Database, statement: str) -> None:
    (issue,) = await after(world, statement)
    world.execute('drop table empty, parent, "Orders, 1" cascade; delete from pgmend.impact')
    world.execute(WORLD)
    text = issue.expected_state.removeprefix("Next time it keeps nobody waiting: ").partition("; (")[0].rstrip(".")
    async with listening(world) as analyst:
        for each in text.split("; "):
            world.execute(each.encode())
            await analyst.react()
        assert told(analyst) == []


SILENT: dict[str, tuple[str, ...]] = {
    "an index built CONCURRENTLY": (f"create index concurrently i on {TABLE} (code)",),
    "an index dropped CONCURRENTLY": ('drop index concurrently "by n"',),
    "REINDEX CONCURRENTLY": (f"reindex table concurrently {TABLE}", 'reindex (concurrently) index "by n"'),
    "NOT VALID": (
        f"alter table {TABLE} add constraint f foreign key (n) references parent not valid",
        f"alter table {TABLE} add constraint c check (n > 0) not valid",
        f"alter table {TABLE} validate constraint f",
        f"alter table {TABLE} validate constraint c",
    ),
    "NOT ENFORCED": (f"alter table {TABLE} add constraint c check (n > 0) not enforced",),
    "USING INDEX": (
        f"create unique index concurrently i on {TABLE} (code)",
        f"alter table {TABLE} add constraint i unique using index i",
    ),
    "varchar that is widened": (f"alter table {TABLE} alter code type varchar(40)",),
    "varchar to text and back without a limit": (
        f"alter table {TABLE} alter code type text",
        f"alter table {TABLE} alter code type varchar",
    ),
    "the very type that it has": (f"alter table {TABLE} alter n type int",),
    "a column without a default": (f"alter table {TABLE} add column a int",),
    "a column with a constant": (f"alter table {TABLE} add column a int not null default 7",),
    "a column with a stable default": (f"alter table {TABLE} add column a timestamptz not null default now()",),
    "a foreign key on a column that comes empty": (f"alter table {TABLE} add column p int references parent",),
    "SET NOT NULL with a valid CHECK that proves it": (
        f"alter table {TABLE} add constraint c check (n is not null and n > 0) not valid",
        f"alter table {TABLE} validate constraint c",
        f"alter table {TABLE} alter n set not null",
        f"alter table {TABLE} drop constraint c",
    ),
    "SET NOT NULL where it is": (f"alter table {TABLE} alter small set not null",),
    "renames, defaults and comments": (
        f"alter table {TABLE} rename n to m",
        f"alter table {TABLE} alter m set default 7",
        f"comment on table {TABLE} is 'x'",
        f"alter table {TABLE} rename to orders",
    ),
    "settings, statistics and triggers": (
        f"alter table {TABLE} set (fillfactor = 90)",
        f"alter table {TABLE} alter n set statistics 500",
        f"create trigger t before update on {TABLE} for each row execute function suppress_redundant_updates_trigger()",
        f"alter table {TABLE} disable trigger t",
    ),
    "enum values": ("create type mood as enum ('a')", "alter type mood add value 'b'"),
    "a table that is empty": (
        "create index on empty (n)",
        "alter table empty alter n type bigint",
        "alter table empty alter n set not null, add check (n > 0), add foreign key (n) references parent",
    ),
    "a table that goes": (f"create index i on {TABLE} (code)", f"drop table {TABLE}"),
    "what is made and dropped again": (f"create index i on {TABLE} (code)", "drop index concurrently i"),
    "a table that comes with its rows": (
        "begin; create table new (id int, n int); insert into new select 1, 1 from generate_series(1, 5000);"
        " alter table new alter n type bigint; create index on new (n); alter table new alter n set not null; commit",
    ),
    "CREATE TABLE AS": (f"create table copy as select * from {TABLE}",),
    "an index on no partition": (
        "create table p (n int) partition by list (n)",
        "create index on only p (n)",
    ),
    "CLUSTER and VACUUM FULL, which are no DDL to event triggers": (
        f'cluster {TABLE} using "by n"',
        f"vacuum full {TABLE}",
        f"alter table {TABLE} alter n set default 7",
    ),
    "TRUNCATE": (f"truncate {TABLE}", f"alter table {TABLE} alter n set default 7"),
}


@pytest.mark.parametrize("statements", SILENT.values(), ids=SILENT)
async def test_silent_on(world: Database, statements: tuple[str, ...]) -> None:
    if "not enforced" in statements[0] and world.value("select current_setting('server_version_num')::int") < 180000:
        return
    assert await after(world, *statements) == []


REWRITTEN_BEFORE: dict[str, tuple[str, str]] = {
    "a varchar that is widened": (f"vacuum full {TABLE}", f"alter table {TABLE} alter code type varchar(40)"),
    "an index that is kept for the new type": (
        f"vacuum full {TABLE}", f"alter table {TABLE} alter code type text, alter n set default 7",
    ),
    "a column with a constant": (f'cluster {TABLE} using "by n"', f"alter table {TABLE} add column a int default 7"),
    "a column with a constant, of a table with neither TOAST nor index": (
        "vacuum full bare", "alter table bare add column a int default 7",
    ),
    "a type, of a table with neither TOAST nor index": (
        "vacuum full bare", "alter table bare alter n type positive",
    ),
    "a column with a constant, of partitions": ("vacuum full parts", "alter table parts add column a int default 7"),
    "text that is withheld": (
        f"vacuum full {TABLE}",
        f"do $$ begin execute 'alter table {TABLE} alter code type varchar(40)'; end $$",
    ),
}  # fmt: skip
OLDER_WORLD = """
    create domain positive as int;
    create table bare (n int); insert into bare select 1 from generate_series(1, 2000);
    create table parts (n int primary key) partition by range (n);
    create table part partition of parts for values from (0) to (9000);
    insert into parts select generate_series(1, 2000);
    create index on "Orders, 1" (code);
"""


@pytest.mark.parametrize(("rewriting", "statement"), REWRITTEN_BEFORE.values(), ids=REWRITTEN_BEFORE)
async def test_rewrite_by_another_command_is_not_blamed_on_one_that_kept_the_rows(
    world: Database, rewriting: str, statement: str
) -> None:
    world.execute(OLDER_WORLD.encode())
    assert await after(world, rewriting, statement) == []
    assert await after(world, statement.replace("code", '"Größe"').replace("column a", "column b"), rewriting) == []


async def test_rewrite_of_a_kept_type_is_blamed_on_the_command_that_rewrote(world: Database) -> None:
    world.execute(OLDER_WORLD.encode())
    kept = f"alter table {TABLE} alter code type varchar(40)"
    rewriting = f"savepoint s; alter table {TABLE} add column made timestamptz default clock_timestamp(); release s"
    world.execute(f"vacuum full {TABLE}".encode())
    (issue,) = await after(world, f"vacuum full {TABLE}", kept, f"begin; {rewriting}; commit", kept.replace("40", "50"))
    assert issue.column == "made"


async def test_silent_where_the_table_is_small(world: Database) -> None:
    threshold = timedelta(milliseconds=80)
    statements = [*UNSAFE]
    assert await after(world, statements[0], statements[5], statements[8], above=threshold) == []


async def test_reindex_without_concurrently(world: Database) -> None:
    if world.value("select current_setting('server_version_num')::int") < 170000:
        return  # no event tells of it
    one, several = await after(world, 'reindex index "by n"'), await after(world, f"reindex table {TABLE}")
    assert [issue.object_name for issue in one] == ["by n"]
    assert {issue.object_name for issue in several} == {"by n", "REINDEX"}
    assert "built the index by n anew of public.Orders, 1" in one[0].current_state
    assert 'waiting: reindex index concurrently "public"."by n".' in one[0].expected_state
    assert any('reindex table concurrently "public"."Orders, 1".' in issue.expected_state for issue in several)


async def test_several_parts_of_one_statement_hold_its_strongest_lock(world: Database) -> None:
    issues = await after(world, f"alter table {TABLE} add foreign key (n) references parent, alter n type bigint")
    assert [(issue.column, issue.object_name) for issue in issues] == [("n", ""), ("n", "Orders, 1_n_fkey")]
    assert all("under ACCESS EXCLUSIVE" in issue.current_state for issue in issues)


async def test_partitions_are_told_on_the_parent_with_their_size(world: Database) -> None:
    world.execute("""
        create table p (n int, t text) partition by range (n);
        create table p1 partition of p for values from (0) to (9);
        insert into p select 1, 'x' from generate_series(1, 3000); analyze p1
    """)
    issues = await after(world, "create index i on p (n)", "alter table p alter t type int using 1")
    assert [(issue.table, issue.column, issue.object_name) for issue in issues] == [("p", "n", "i"), ("p", "t", "")]
    assert all("some 3,000 rows" in issue.current_state for issue in issues)


ATTACH = "alter table p attach partition part for values from (0) to (10)"


@pytest.mark.parametrize("proved", [False, True])
async def test_attached_partition_is_read_unless_a_check_proves_what_it_holds(world: Database, proved: bool) -> None:
    world.execute("create table p (n int not null) partition by range (n); create table part (n int not null)")
    world.execute("insert into part select 1 from generate_series(1, 3000); analyze part")
    if proved:
        world.execute("alter table part add check (n >= 0 and n < 10)")
    issues = await after(world, ATTACH)
    assert [(issue.table, issue.object_name) for issue in issues] == ([] if proved else [("part", "ALTER TABLE")])
    if issues:
        assert 'add constraint "part_partition_check" check (' in issues[0].expected_state


async def test_statement_whose_text_is_withheld_is_judged_by_what_it_left(world: Database) -> None:
    (check_, built, retyped) = await after(
        world,
        f"""do $$ begin
          alter table {TABLE} add constraint c check (n > 0); create index i on {TABLE} (code);
          alter table {TABLE} alter id type bigint;
        end $$""",
    )
    names = {(issue.column, issue.object_name) for issue in (check_, built, retyped)}
    assert names == {("n", "c"), ("code", "i"), ("id", "")}
    assert all(issue.evidence[0].seen.endswith("a secret might be in it.") for issue in (check_, built, retyped))


async def test_withheld_statement_that_only_touched_the_table_is_no_harm(world: Database) -> None:
    assert (
        await after(
            world,
            f"do $$ begin alter table {TABLE} add constraint c check (n > 0) not valid; end $$",
            f"do $$ begin alter table {TABLE} alter n set default 3; alter table {TABLE} add x int default 1; end $$",
        )
        == []
    )


async def test_own_ddl_is_no_issue(world: Database) -> None:
    async with listening(world) as analyst:
        world.execute(f"create index i on {TABLE} (code)".encode())
        world.execute("update pgmend.ddl_log set fix_id = gen_random_uuid()")
        await analyst.react()
        assert told(analyst) == []


async def test_who_waited_long_is_told_however_small_the_table(
    world: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suspicion, "WAITED", timedelta(milliseconds=1))
    async with listening(world, timedelta(hours=1)) as analyst:
        connection = psycopg.connect(world.dsn)
        connection.execute(f"alter table {TABLE} add column y int".encode())
        connection.execute("select pg_sleep(0.01)")
        connection.execute("alter table empty add column y int")
        connection.commit()
        connection.close()
        await analyst.react()
        (issue,) = told(analyst)
    assert (issue.table, issue.object_name) == ("Orders, 1", "ALTER TABLE")
    assert issue.current_state.startswith("ALTER TABLE held its lock, or waited for it, of public.Orders, 1")
    assert any("later, and kept the lock" in each.seen for each in issue.evidence)


async def test_it_says_who_ran_it_through_what(world: Database) -> None:
    async with listening(world) as analyst:
        connection = psycopg.connect(world.dsn, application_name="deploy 7", autocommit=True)
        connection.execute(f"create index i on {TABLE} (code)".encode())
        connection.close()
        await analyst.react()
        (issue,) = told(analyst)
    assert "It was run by postgres through deploy 7 and ended at 20" in issue.current_state
    assert issue.evidence[0].seen == (f"pgmend.ddl_log has the CREATE INDEX. It was: create index i on {TABLE} (code)")


async def test_it_is_told_again_after_a_restart_and_for_seven_days(world: Database) -> None:
    (issue,) = await after(world, f"create index i on {TABLE} (code)")
    async with listening(world) as analyst:
        assert [each.issue_id for each in told(analyst)] == [issue.issue_id]
        assert analyst.open_issues() == tuple(analyst.open_issues())
        world.execute("update pgmend.impact set occurred_at = occurred_at - interval '8 days'")
    async with listening(world) as analyst:
        assert told(analyst) == []
    assert world.value("select status from pgmend.issue where issue_id = %s", [issue.issue_id]) == "resolved"


async def test_full_look_lets_go_of_what_is_too_old(world: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening(world) as analyst:
        world.execute(f"create index i on {TABLE} (code)".encode())
        await analyst.react()
        (issue,) = told(analyst)
        monkeypatch.setattr("pgmend.listener.impact.witness.KEPT", timedelta(0))
        assert issue.issue_id in (await analyst.scan("safety")).resolved


async def test_what_ran_while_nobody_listened_is_told_as_far_as_the_catalogs_show_it(world: Database) -> None:
    async with listening(world):
        pass
    world.execute(f"alter table {TABLE} alter n type bigint; ".strip().encode())
    world.execute(f"alter table {TABLE} add column made timestamptz default clock_timestamp()".encode())
    world.execute(f"create index i on {TABLE} (code)".encode())
    async with listening(world) as analyst:
        issues = told(analyst)
    assert [(issue.column, issue.object_name) for issue in issues] == [("code", "i"), ("n", "")]
    assert "stored otherwise; the file before was not seen." in " ".join(each.seen for each in issues[1].evidence)
    assert not any(issue.backlog for issue in issues)


async def test_nothing_is_told_of_the_time_before_the_first_look(installed: Database) -> None:
    installed.execute(WORLD)
    installed.execute(f"create index i on {TABLE} (code)".encode())
    async with listening(installed) as analyst:
        assert told(analyst) == []


async def test_repeated_statement_is_one_issue_that_counts(world: Database) -> None:
    async with listening(world) as analyst:
        for _ in range(3):
            world.execute(f"create index i on {TABLE} (code)".encode())
            await analyst.react()
            world.execute("drop index concurrently i")
            await analyst.react()
        (issue,) = told(analyst)
    assert any(each.seen.startswith("2 statements did the same before, since ") for each in issue.evidence)


async def test_renamed_table_and_column_keep_the_issue(world: Database) -> None:
    async with listening(world) as analyst:
        world.execute(f"alter table {TABLE} alter n type bigint".encode())
        await analyst.react()
        (before,) = told(analyst)
        world.execute(f"alter table {TABLE} rename n to number".encode())
        world.execute(f"alter table {TABLE} rename to orders".encode())
        await analyst.react()
        (after_,) = told(analyst)
    assert (after_.table, after_.column) == ("orders", "number")
    assert after_.event_id == before.event_id


async def test_dropped_table_ends_it(world: Database) -> None:
    async with listening(world) as analyst:
        world.execute(f"create index i on {TABLE} (code)".encode())
        await analyst.react()
        world.execute(f"drop table {TABLE}".encode())
        await analyst.react()
        assert told(analyst) == []


async def test_without_event_triggers_it_says_that_it_cannot_know(world: Database) -> None:
    world.execute("alter event trigger pgmend_record_ddl disable")
    async with listening(world) as analyst:
        judgement = analyst.examiner.examine(analyst.examiner.everything())
    (outcome,) = [each for each in judgement.checks if each.issue_type == "UNSAFE_DDL"]
    assert outcome.status == "skipped"
    assert "Event triggers are not there" in (outcome.reason or "")


async def test_check_tells_both_what_a_listener_heard_and_what_it_counts_itself(
    world: Database, database: Database
) -> None:
    await after(world, f"create index i on {TABLE} (code)")
    for each, status in ((world, "failed"), (database, "skipped")):
        each.execute("create table twice (n int); insert into twice values (1), (1)")
        result = await check(await each.connect(), Settings())
        (outcome,) = [one for one in result.checks if one.issue_type == "UNSAFE_DDL"]
        assert outcome.status == status
        reported = [one for one in result.issues if one.issue.issue_type == "UNSAFE_DDL"]
        assert [one.plan for one in reported] == ([None] if status == "failed" else [])
        assert "DUPLICATE_ROWS" in [one.issue.issue_type for one in result.issues]
        assert all("nothing to mend" in (one.why_not_auto or "") for one in reported)


async def test_retention_takes_them_along(world: Database) -> None:
    await after(world, f"create index i on {TABLE} (code)")
    world.execute("update pgmend.impact set occurred_at = occurred_at - interval '100 days'")
    world.execute("select pgmend.expire()")
    assert world.value("select count(*) from pgmend.impact") == 0
