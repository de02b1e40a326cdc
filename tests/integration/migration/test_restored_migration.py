"""What the expected schema brings back, as a migration: elsewhere the same, here nothing, and back again."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from pgmend.api.migration.deed import migration_of
from pgmend.api.migration.plain import plain_sql
from pgmend.listener.fixes.execution.executor import Outcome
from pgmend.listener.fixes.plan import Plan
from pgmend.listener.judging.expectation import restoration
from pgmend.listener.store.expected import write_expected

from tests.integration.fixes.restoring.test_restore_column import CASES as COLUMNS
from tests.integration.fixes.restoring.test_restore_constraint import CASES as CONSTRAINTS
from tests.integration.fixes.restoring.test_restore_definition import CASES as DEFINITIONS
from tests.integration.fixes.restoring.test_restore_name import NAMES
from tests.integration.fixes.restoring.test_restore_object import CASES as OBJECTS
from tests.integration.fixes.restoring.test_restore_table import COLUMNS as LOST
from tests.integration.fixes.restoring.test_restore_table import TABLES
from tests.support.database import Database
from tests.support.restoration import LOCKED, PREPARATION, differing, portrayed
from tests.support.server import Server
from tests.support.workshop import Workshop

from .test_migration import (
    Play,
    back_by_alembic,
    back_by_django,
    by_alembic,
    by_django,
    by_psql,
    by_sql,
    structure,
    way_back,
)

INDEXES = "select indexrelid::int8 from pg_index where indrelid >= 16384 order by 1"
HEAP = "create access method heap_too type table handler heap_tableam_handler;"


class Fault(NamedTuple):
    """A schema that is well, and what happens to it."""

    well: str
    fault: str


FAULTS = {
    f"{kind}: {name}": Fault(case.well, case.fault)
    for kind, cases in {
        "column": COLUMNS, "constraint": CONSTRAINTS, "definition": DEFINITIONS, "name": NAMES, "object": OBJECTS,
        "lost column": {name: LOST[name] for name in ("with a default", "identity", "with hostile names")},
        "lost table": {name: TABLES[name] for name in ("plain", "hostile", "partitioned")},
    }.items()
    for name, case in cases.items()
}  # fmt: skip
# What takes a concurrent build and a condition: of clients for SQL only psql can do that.
BY_PSQL = {
    name
    for name in FAULTS
    if name.startswith("definition: other index")
    or (name.startswith("constraint: another") and "key" in name and "foreign" not in name)
}
BY_TOOLS = (
    "definition: other index",
    "object: view with hostile names",
    "object: other function",
    "name: column with hostile names",
    "column: comment with hostile names",
)


def sicken(database: Database, fault: Fault) -> None:
    for text in (PREPARATION, HEAP if "heap_too" in fault.fault else "", fault.well, fault.fault):
        if text.strip():
            database.execute(text.encode())


async def healed(workshop: Workshop, fault: Fault) -> tuple[Plan, Outcome]:
    """The fix of the first difference that has one."""
    database = workshop.database
    for text in (PREPARATION, HEAP if "heap_too" in fault.fault else "", fault.well):
        if text.strip():
            database.execute(text.encode())
    await write_expected(workshop.connection, LOCKED, (await portrayed(workshop)).objects.values())
    database.execute(fault.fault.encode())
    for difference in await differing(workshop):
        remedy = restoration(difference)
        assert remedy is not None
        if not (await workshop.plan(remedy)).steps:
            continue
        claim = await workshop.claim(remedy)
        outcome = await workshop.executor().carry_on(claim, workshop.lease)
        assert (outcome.state, outcome.reason) == ("applied", None)
        return claim.plan, outcome
    raise AssertionError("nothing was to be healed")


@pytest.mark.parametrize("name", [name for name in FAULTS if name not in BY_PSQL])
async def test_it_lands_elsewhere_and_does_nothing_here(
    workshop: Workshop, elsewhere: Database, tmp_path: Path, name: str
) -> None:
    plan, outcome = await healed(workshop, FAULTS[name])
    migration = migration_of(plan, str(outcome.fix_id))
    after = structure(workshop.database)
    sicken(elsewhere, FAULTS[name])
    by_sql(migration, elsewhere, tmp_path)
    assert structure(elsewhere) == after
    by_sql(migration, elsewhere, tmp_path)
    by_sql(migration, workshop.database, tmp_path)
    assert structure(elsewhere) == structure(workshop.database) == after


@pytest.mark.parametrize("name", sorted(BY_PSQL))
async def test_what_is_built_beside_the_writers_under_a_condition_is_for_psql(
    workshop: Workshop, elsewhere: Database, server: Server, tmp_path: Path, name: str
) -> None:
    plan, outcome = await healed(workshop, FAULTS[name])
    script = plain_sql(migration_of(plan, str(outcome.fix_id)))
    after = structure(workshop.database)
    sicken(elsewhere, FAULTS[name])
    before = structure(elsewhere)
    # Another client is stopped before anything is done.
    with pytest.raises(psycopg.errors.SyntaxError):
        elsewhere.execute(script.encode())
    assert structure(elsewhere) == before
    by_psql(script, elsewhere, server, tmp_path)
    assert structure(elsewhere) == after
    for database in (elsewhere, workshop.database):
        oids = database.fetch(INDEXES)
        by_psql(script, database, server, tmp_path)
        assert (structure(database), database.fetch(INDEXES)) == (after, oids)
    by_psql(way_back(script), elsewhere, server, tmp_path)
    assert structure(elsewhere) == before


@pytest.mark.parametrize(("play", "back"), [(by_alembic, back_by_alembic), (by_django, back_by_django)])
@pytest.mark.parametrize("name", BY_TOOLS)
async def test_migration_tools_take_it_there_and_back(
    workshop: Workshop, elsewhere: Database, tmp_path: Path, name: str, play: Play, back: Any
) -> None:
    plan, outcome = await healed(workshop, FAULTS[name])
    migration = migration_of(plan, str(outcome.fix_id))
    after = structure(workshop.database)
    sicken(elsewhere, FAULTS[name])
    before = structure(elsewhere)
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    play(migration, workshop.database, here)
    assert structure(workshop.database) == after
    play(migration, elsewhere, there)
    assert structure(elsewhere) == after
    back(elsewhere, there)
    assert structure(elsewhere) == before
