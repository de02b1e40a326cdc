"""Whether the world is still as a plan saw it: names by OID, and fingerprints (laws 5, 7 and 14)."""

from __future__ import annotations

from collections.abc import Collection

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..catalog.fingerprint import fingerprint
from ..catalog.read import read_snapshot
from ..catalog.snapshot import Oid, Table
from ..errors import PlanStale
from .plan import Plan

_NAMES = """
select c.oid::bigint, pg_catalog.format('%%I.%%I', n.nspname, c.relname)
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = any(%s::oid[])
"""


def foundation(table: Table, makes: Collection[str], adds: Collection[str] = ()) -> str:
    """The table's fingerprint without the indexes and constraints of those names, which a plan makes or unmakes, and
    without the columns and triggers that it adds.

    What PostgreSQL makes below such a constraint (one for each partition of the referenced table) goes with it.
    """
    added = {column.number for column in table.columns if column.name in adds}
    made = {constraint.oid for constraint in table.constraints if constraint.name in makes}
    while below := {constraint.oid for constraint in table.constraints if constraint.parent in made} - made:
        made |= below
    return fingerprint(
        table._replace(
            indexes=tuple(index for index in table.indexes if index.name not in makes),
            constraints=tuple(constraint for constraint in table.constraints if constraint.oid not in made),
            columns=tuple(column for column in table.columns if column.name not in adds),
            triggers=tuple(trigger for trigger in table.triggers if trigger.name not in adds),
            column_comments=tuple((number, said) for number, said in table.column_comments if number not in added),
        )
    )


async def check_names(connection: AsyncConnection[TupleRow], plan: Plan) -> None:
    """Raise PlanStale where a relation of the plan is gone or has another name."""
    await _check_names(connection, plan.tables)


async def check_unmoved(connection: AsyncConnection[TupleRow], plan: Plan) -> None:
    """Raise PlanStale where a name, or a table that the plan is based on, has changed. Raises CouldNotLook.

    One round trip, since it is made under strong locks, and one more for relations without a fingerprint.
    """
    based_on = dict(plan.based_on)
    await _check_names(connection, [(oid, name) for oid, name in plan.tables if oid not in based_on])
    snapshot = await read_snapshot(connection, list(based_on))
    for oid, planned in plan.based_on:
        table, name = snapshot.tables.get(oid), dict(plan.tables).get(oid, str(oid))
        if table is None:
            raise PlanStale(f"{name} is gone.")
        if foundation(table, plan.makes, plan.adds) != planned:
            raise PlanStale(f"{name} (now {table.qualified_name}) was changed since the plan was made.")


async def _check_names(connection: AsyncConnection[TupleRow], tables: Collection[tuple[Oid, str]]) -> None:
    if not tables:
        return
    cursor = await connection.execute(_NAMES, ([oid for oid, _ in tables],))
    names = dict(await cursor.fetchall())
    for oid, planned in tables:
        name = names.get(oid)
        if name is None:
            raise PlanStale(f"{planned} is gone.")
        if name != planned:
            raise PlanStale(f"{planned} is called {name} by now.")
