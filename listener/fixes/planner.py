"""From an issue to a plan, on what the catalogs say now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..catalog.read import read_snapshot
from ..catalog.snapshot import Oid, Snapshot
from ..errors import NoRemedy, PlanRefused
from ..issue import Issue
from ..readiness import how_to_own
from ..remedy import ChangeColumnType, Remedy, RestoreObject
from .afterwards import plan_afterwards
from .fix_kind import kind_of
from .limits import Limits
from .plan import Plan
from .site import Site
from .staleness import foundation

_NAMES = """
select c.oid::bigint, pg_catalog.format('%%I.%%I', n.nspname, c.relname),
  pg_catalog.pg_has_role(c.relowner, 'usage'), pg_catalog.pg_get_userbyid(c.relowner),
  (select owner.rolsuper from pg_catalog.pg_roles as owner where owner.oid = c.relowner)
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.oid = any(%s::oid[])
"""


async def plan_fix(
    connection: AsyncConnection[TupleRow],
    issue: Issue,
    snapshot: Snapshot,
    *,
    limits: Limits,
    fix_id: UUID,
    read_just_now: bool = False,
) -> Plan:
    """The plan that mends the issue, based on the tables as they are now; a refused one says why and has no steps.

    `read_just_now` says that the snapshot is of all tables as they are now: for plans that nobody applies.

    `connection` is in autocommit mode. Only a plan for the same `fix_id` may use backups that the plan names.
    Raises NoRemedy for an issue that has none, SnapshotTorn where the catalogs moved meanwhile.
    """
    remedy = issue.remedy
    if remedy is None:
        raise NoRemedy(f"Issue {issue.issue_id} ({issue.issue_type}) has no remedy; it is for a person to decide.")
    fresh, near = snapshot, _neighbourhood(snapshot, remedy)
    try:
        names = await _names_of_owned(connection, near, remedy) if read_just_now else dict[Oid, str]()
        if not near <= names.keys():
            fresh, near = await _look_again(connection, snapshot, remedy)
            names = await _names_of_owned(connection, near, remedy)
        site = Site(connection, fresh, issue, limits, fix_id, names)
        plan = await kind_of(remedy).plan(remedy, site)
    except PlanRefused as refused:
        return refused_plan(issue, remedy, str(refused))
    return replace(_founded(plan, site), afterwards=await plan_afterwards(plan, site))


def refused_plan(issue: Issue, remedy: Remedy, reason: str) -> Plan:
    """A plan that does nothing and says why."""
    return Plan(remedy.kind, issue.issue_id, f"Nothing: {reason}", remedy, refusal=reason)


def _founded(plan: Plan, site: Site) -> Plan:
    """The plan with the tables that it is based on, where the kind left that to us."""
    remedy = plan.remedy
    # What is brought back may be no table, or a table that is to have another name.
    tables = plan.tables if isinstance(remedy, RestoreObject) else plan.tables or site.named(*remedy.tables)
    based_on = plan.based_on or tuple(
        (oid, foundation(site.snapshot.tables[oid], plan.makes, plan.adds))
        for oid, _ in tables
        if oid in site.snapshot.tables
    )
    return replace(plan, tables=tables, based_on=based_on)


async def _look_again(
    connection: AsyncConnection[TupleRow], snapshot: Snapshot, remedy: Remedy
) -> tuple[Snapshot, frozenset[Oid]]:
    """The snapshot with the remedy's neighbourhood as it is now, and that neighbourhood, of which it may lack some."""
    read: frozenset[Oid] = frozenset()
    while missing := _neighbourhood(snapshot, remedy) - read:
        snapshot = snapshot.replaced(await read_snapshot(connection, missing), missing)
        read |= missing
    return snapshot, read


def _neighbourhood(snapshot: Snapshot, remedy: Remedy) -> frozenset[Oid]:
    """The remedy's tables, and those that refer to them or that they refer to; and what is below the altered one."""
    near: set[Oid] = set(remedy.then.tables) if isinstance(remedy, ChangeColumnType) and remedy.then else set()
    waiting = [*remedy.tables[:1]]
    while waiting:
        below = snapshot.children.get(waiting.pop(), ())
        near.update(below)
        waiting += below
    for oid in remedy.tables:
        near |= {oid, *snapshot.referencing.get(oid, ())}
        table = snapshot.tables.get(oid)
        near |= {key.referenced_table for key in table.foreign_keys} if table else set()
    return frozenset(near)


async def _names_of_owned(
    connection: AsyncConnection[TupleRow], tables: frozenset[Oid], remedy: Remedy
) -> Mapping[Oid, str]:
    """The tables' names; raises PlanRefused where the one to be mended is not ours to alter."""
    cursor = await connection.execute(_NAMES, (list(tables),))
    rows = await cursor.fetchall()
    for oid, name, owned, owner, superuser in rows:
        if oid in remedy.tables[:1] and not owned:
            cure = how_to_own(connection, owner, superuser=superuser)
            raise PlanRefused(f"{name} belongs to role {owner}, which pgmend's role is no member of. Cure: {cure}")
    return {oid: name for oid, name, *_ in rows}
