"""What is only switched, and what is changed beside those who write, as a migration: there, here, and back again."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pgmend.api.migration.deed import migration_of
from pgmend.api.migration.guard import names_what_is_here
from pgmend.api.migration.plain import plain_sql
from psycopg import sql

from tests.integration.fixes.online.subject import APP as BESIDE
from tests.integration.fixes.online.subject import setup, to_type
from tests.integration.fixes.test_switches import APP, FIXES, WORK, routine
from tests.support.database import Database
from tests.support.workshop import Workshop

from .test_migration import by_django, run_plainly, structure, way_back

if TYPE_CHECKING:
    from pgmend.api.migration.deed import Migration

CAST_TO_OID = re.compile(r"\d+'*::(?:pg_catalog\.)?(?:oid|reg\w+)\b|\}'+(?:::int\d\[\])?::(?:pg_catalog\.)?oid\[\]")
# Other objects first, so that nothing has the OID elsewhere that it has here.
OTHERS = "create schema others; create table others.a (id serial primary key); drop schema others cascade;"
NO_PATH = "procedure back to no path"
CASES = [*(case for case in FIXES if case not in ("trigger for replicas", "procedure with a path")), NO_PATH]
FAULTS = {
    "trigger": """alter table app.users disable trigger "touch ""it"" é\"""",
    "trigger that fires always": """alter table app.users disable trigger "touch ""it"" é\"""",
    "trigger of a partitioned table": 'alter table app."Ordérs" disable trigger touch',
    "row security": "alter table app.users disable row level security",
}


def conditions(migration: Migration) -> list[str]:
    return [deed.unless_done for deed in (*migration.there, *migration.back)]


def heard(database: Database) -> int:
    return database.value("select count(*) from pgmend.ddl_log where fix_id is null")


@pytest.mark.parametrize("case", CASES)
async def test_a_switch_is_thrown_elsewhere_and_back(workshop: Workshop, elsewhere: Database, case: str) -> None:
    for each in (OTHERS, APP):
        elsewhere.execute(sql.SQL(each))
    workshop.database.execute(sql.SQL(APP))
    if case == NO_PATH:
        for database in (elsewhere, workshop.database):
            database.execute(f"alter procedure {WORK} set search_path = ''".encode())
        remedy = routine(workshop, WORK, "app", "Ä, p")
    else:
        remedy = FIXES[case](workshop)
        elsewhere.execute(FAULTS.get(case, "select").encode())
    before = structure(elsewhere)
    assert before == structure(workshop.database)
    claim = await workshop.claim(remedy)
    outcome = await workshop.executor().carry_on(claim, workshop.lease)
    assert outcome.state == "applied", outcome
    migration = migration_of(claim.plan, str(claim.fix_id))
    assert [each for each in conditions(migration) if CAST_TO_OID.search(each) or names_what_is_here(each)] == []
    script, after = plain_sql(migration), structure(workshop.database)
    assert after != before
    run_plainly(script, elsewhere)
    assert structure(elsewhere) == after
    run_plainly(way_back(script), elsewhere)
    assert structure(elsewhere) == before
    told = heard(workshop.database)
    run_plainly(script, workshop.database)
    assert (structure(workshop.database), heard(workshop.database)) == (after, told)


@pytest.mark.parametrize("tool", ["sql", "django"])
async def test_what_was_changed_beside_the_writers_is_one_statement_elsewhere(
    workshop: Workshop, elsewhere: Database, tmp_path: Path, tool: str
) -> None:
    view = 'create view app."Gesehen" as select user_id as "wer?" from app.sessions where user_id is not null;'
    setup(workshop, more=view, rows=40)
    for each in (OTHERS, BESIDE.format(type="text", value="n::text", rows=40), view):
        elsewhere.execute(sql.SQL(each))  # pyright: ignore[reportArgumentType]
    before = structure(elsewhere)
    claim = await workshop.claim(to_type(workshop))
    outcome = await workshop.executor().carry_on(claim, workshop.lease)
    assert outcome.state == "applied", outcome
    assert any(step.sweep for step in claim.plan.steps)
    migration = migration_of(claim.plan, str(claim.fix_id))
    told, after = heard(workshop.database), by_place(structure(workshop.database))
    if tool == "django":
        by_django(migration, elsewhere, tmp_path)
        by_django(migration, workshop.database, tmp_path)
        assert by_place(structure(elsewhere)) == after
        return
    script = plain_sql(migration)
    for _ in range(2):
        run_plainly(script, elsewhere)
        assert by_place(structure(elsewhere)) == after
    run_plainly(script, workshop.database)
    assert heard(workshop.database) == told
    run_plainly(way_back(script), elsewhere)
    assert structure(elsewhere) == before


def by_place(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """What a column's place is has no meaning here: the one that took another's place is the last."""
    return sorted(
        (kind, name, what, re.sub(r"^\d+ ", "", str(more))) if kind == "column" else (kind, name, what, more)
        for kind, name, what, more in rows
    )
