"""A plan shown to somebody, and the approval of exactly that plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID

from psycopg import AsyncConnection, errors
from psycopg.rows import TupleRow, class_row

from ..catalog.read import read_snapshot
from ..errors import FixError, NotFound, PlanRefused, PlanStale, SnapshotTorn
from ..fixes.execution.courtesy import Courtesy
from ..fixes.limits import limits_of
from ..fixes.outlook import outlook
from ..fixes.plan import Plan
from ..fixes.planner import plan_fix
from ..fixes.preflight import preflight
from ..fixes.queue.proposal import ON_ITS_WAY, put_up
from ..fixes.rehearsal.rehearsal import rehearsal_of
from ..fixes.staleness import check_unmoved
from ..issue import Issue
from ..settings import Settings
from ..statements.statement import StatementSource
from ..store.issues import read_issue
from .fixes import PLAN, ShownFix, read_fix
from .policy import approve

_LATEST = f"""
select fix_id, state, plan_hash, {PLAN} from pgmend.fix
where issue_id = %s and state = any(%s) order by created_at desc, fix_id limit 1
"""
_UNASKED = """
select fix_id from pgmend.fix
where issue_id = %s and plan_hash = %s and automatic and state in ('queued', 'deferred') order by created_at limit 1
"""
_PROPOSED = ("proposed",)
_MOVED_BY_OTHERS = """
select exists (
  select from pgmend.fix as f
  cross join lateral pg_catalog.jsonb_array_elements(f.plan -> 'tables') as t
  join pgmend.change as c on c.table_oid = (t ->> 0)::oid and c.seen_at > f.created_at and c.fix_id is null
  where f.fix_id = %s)
"""
_NEAR = """
with recursive below (oid) as (
  select inhrelid from pg_catalog.pg_inherits where inhparent = any(%(tables)s::oid[])
  union
  select i.inhrelid from below as b join pg_catalog.pg_inherits as i on i.inhparent = b.oid)
select oid::bigint from below
union
select confrelid::bigint from pg_catalog.pg_constraint where contype = 'f' and conrelid = any(%(tables)s::oid[])
union
select conrelid::bigint from pg_catalog.pg_constraint where contype = 'f' and confrelid = any(%(tables)s::oid[])
"""
# What the planner asks about may go while it asks.
_MOVED = (errors.UndefinedTable, errors.UndefinedColumn, errors.UndefinedObject, errors.UndefinedFunction)


@dataclass(frozen=True, slots=True)
class Preview:
    """A plan with proofs as of now, and the fix that it is the plan of: proposed, unless one is on its way already."""

    fix: ShownFix
    plan: Plan


@dataclass(frozen=True, slots=True)
class _Written:
    fix_id: UUID
    state: str
    plan_hash: str
    plan: str


class Planner:
    """Makes plans as the listener does, and proposes them the same way. People's tables are read with `courtesy`;
    `sources` know statements besides the database."""

    def __init__(
        self, settings: Settings, courtesy: Courtesy | None = None, sources: Sequence[StatementSource] = ()
    ) -> None:
        self._limits = limits_of(settings)
        self._courtesy = courtesy or Courtesy(None, self._limits)
        self._rehearsal = rehearsal_of(settings, sources)

    async def preview(self, connection: AsyncConnection[TupleRow], issue_id: str) -> Preview:
        """The plan for an open issue; one that still says the same keeps its fix, another supersedes what was proposed.

        Raises NotFound, FixError where there is nothing to fix, PlanRefused with the reason why nothing may be done.
        """
        issue = await _unresolved(connection, issue_id)
        on_its_way = await _latest(connection, issue_id, ON_ITS_WAY)
        if on_its_way is not None:
            return Preview(await read_fix(connection, on_its_way.fix_id), Plan.from_json(on_its_way.plan))
        fix_id, plan = await put_up(connection, issue_id, partial(self._plan, connection, issue))
        return Preview(await read_fix(connection, fix_id), plan)

    async def approve(self, connection: AsyncConnection[TupleRow], issue_id: str, plan_hash: str) -> UUID:
        """The fix that is approved by this; raises NotFound, PlanStale, PlanRefused, FixError."""
        await _unresolved(connection, issue_id)
        if (waiting := await _waiting_unasked(connection, issue_id, plan_hash)) is not None:
            await approve(connection, waiting)
            return waiting
        proposed = await _latest(connection, issue_id, _PROPOSED)
        if proposed is None or proposed.plan_hash != plan_hash:
            raise await _why_not_proposed(connection, issue_id, plan_hash)
        plan = Plan.from_json(proposed.plan)
        if why := plan.refusal or (plan.waits_for and f"it waits for {plan.waits_for}"):
            raise PlanRefused(f"This plan cannot be approved: {why}")
        await check_unmoved(connection, plan)
        try:
            await approve(connection, proposed.fix_id)
        except errors.ObjectNotInPrerequisiteState as superseded:
            # The listener has put another plan in its place since it was looked up.
            raise await _why_not_proposed(connection, issue_id, plan_hash) from superseded
        return proposed.fix_id

    async def _plan(self, connection: AsyncConnection[TupleRow], issue: Issue, fix_id: UUID) -> Plan:
        planned = self._planned(connection, issue, fix_id)
        return await self._courtesy.read(connection, planned, f"Planning for {issue.where}")

    async def _planned(self, connection: AsyncConnection[TupleRow], issue: Issue, fix_id: UUID) -> Plan:
        tables = await _near(connection, issue)
        snapshot = await read_snapshot(connection, tables)
        try:
            plan = await plan_fix(connection, issue, snapshot, limits=self._limits, fix_id=fix_id)
        except _MOVED as moved:
            raise SnapshotTorn(f"{issue.where} changed while it was looked at; try again.") from moved
        if plan.refusal is not None:
            raise PlanRefused(plan.refusal)
        rehearsed = await self._rehearsal.proofs(connection, plan, self._limits)
        proofs = await preflight(connection, plan.checks, self._limits)
        return replace(
            plan, proofs=(*proofs, *await outlook(connection, plan, self._limits, self._rehearsal.sources), *rehearsed)
        )


async def moved_by_others(connection: AsyncConnection[TupleRow], fix_id: UUID) -> bool:
    """Whether somebody changed a table of the plan since it was made, as far as the listener has read."""
    row = await (await connection.execute(_MOVED_BY_OTHERS, (fix_id,))).fetchone()
    assert row is not None
    return row[0]


async def _unresolved(connection: AsyncConnection[TupleRow], issue_id: str) -> Issue:
    record = await read_issue(connection, issue_id)
    if record is None:
        raise NotFound(f"There is no issue {issue_id}; `pgmend issues` shows them.")
    if record.status == "resolved":
        raise FixError(f"Issue {issue_id} is resolved: there is nothing left to fix.")
    return record.to_issue()


async def _latest(connection: AsyncConnection[TupleRow], issue_id: str, states: Sequence[str]) -> _Written | None:
    async with connection.cursor(row_factory=class_row(_Written)) as cursor:
        return await (await cursor.execute(_LATEST, (issue_id, list(states)))).fetchone()


async def _waiting_unasked(connection: AsyncConnection[TupleRow], issue_id: str, plan_hash: str) -> UUID | None:
    """The automatic fix with that plan that waits in the queue; its executor finds out what has moved since."""
    row = await (await connection.execute(_UNASKED, (issue_id, plan_hash))).fetchone()
    return row[0] if row else None


async def _why_not_proposed(connection: AsyncConnection[TupleRow], issue_id: str, plan_hash: str) -> FixError:
    on_its_way = await _latest(connection, issue_id, ON_ITS_WAY)
    if on_its_way is not None and on_its_way.plan_hash == plan_hash:
        return FixError(f"Fix {on_its_way.fix_id} with this very plan is {on_its_way.state} already.")
    return PlanStale(f"The plan that was shown for issue {issue_id} is not the one that stands now: preview it again.")


async def _near(connection: AsyncConnection[TupleRow], issue: Issue) -> set[int]:
    """The tables that the remedy is about, what is below them, and their neighbours by foreign key."""
    tables = {*issue.tables}
    cursor = await connection.execute(_NEAR, {"tables": list(tables)})
    return tables | {oid for (oid,) in await cursor.fetchall()}
