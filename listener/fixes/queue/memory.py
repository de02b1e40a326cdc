"""What was tried before: kept in `pgmend.fix`, so that a restart forgets nothing (law 13).

A fix is the same as another that has the same remedy, or is of the same kind for the same issue: what was made anew
has another OID, and an issue has another id once its table has another name. What changes along is no part of that: it
is another set with each relation that is believed. What a person says last counts: what was
undone or failed before somebody approved the same fix, or lifted the quarantine, is forgiven.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row

from ..plan import Plan

_REMEMBERED = """
with same as materialized (
  select f.* from pgmend.fix as f
  where f.plan -> 'remedy' = %(plan)s::jsonb -> 'remedy' or (f.issue_id = %(issue_id)s and f.kind = %(kind)s)
), word as (
  select greatest(
    (select pg_catalog.max(s.approved_at) from same as s),
    (select i.quarantine_lifted_at from pgmend.issue as i where i.issue_id = %(issue_id)s)) as said_at
), taken_back as (
  select s.fix_id, coalesce(s.rolled_back_at, s.changed_at) as taken_back_at, s.rollback_requested_by
  from same as s cross join word
  where s.rollback_requested_by is not null and s.state in ('rollback_requested', 'rolling_back', 'rolled_back')
    and coalesce(coalesce(s.rolled_back_at, s.changed_at) > word.said_at, true)
  order by 2 desc limit 1
), undone as (
  -- What is mended in several turns has the same issue all along, and does another thing at each.
  select s.fix_id, s.finished_at from same as s cross join word
  where s.state = 'applied' and coalesce(s.finished_at > word.said_at, true)
    and (s.plan -> 'steps' = %(plan)s::jsonb -> 'steps' or exists (
      select from pgmend.issue as i where i.issue_id = %(issue_id)s and i.opened_at > s.finished_at))
  order by 2 desc limit 1
)
select word.said_at,
  (select pg_catalog.max(s.finished_at) from same as s
   where s.issue_id = %(issue_id)s and s.state in ('refused', 'failed')
     and (s.plan -> 'remedy') - 'along' = (%(plan)s::jsonb -> 'remedy') - 'along') as last_failure,
  (select pg_catalog.count(*) from same as s
   where s.state in ('refused', 'failed') and coalesce(s.finished_at > word.said_at, true))::int4 as failures,
  b.fix_id as taken_back, b.rollback_requested_by as taken_back_by, u.fix_id as applied, u.finished_at as applied_at,
  e.session_role as undone_by, e.application_name as undone_from, e.occurred_at as undone_at,
  (select o.fix_id from pgmend.fix as o where o.fix_id = e.fix_id and o.issue_id <> %(issue_id)s) as own_fix
from word
  left join taken_back as b on true
  left join undone as u on true
  left join pgmend.ddl_log as e
    on e.event_id = (select i.event_id from pgmend.issue as i where i.issue_id = %(issue_id)s)
"""
_LIFTED = """
select issue_id, quarantine_lifted_at from pgmend.issue where quarantine_lifted_at is not null
"""


@dataclass(frozen=True, slots=True)
class Memory:
    """What became of a fix and its like. Times are the server's.

    `said_at` is when a person last let it be made: all but `last_failure` is since then. `failures` counts those that
    were refused or failed. `taken_back` is a fix whose undo `taken_back_by` asked for; `applied` one that was made and
    is there no longer, or helped nothing, and `undone_by` who did that where an event tells. `own_fix` is the fix for
    something else whose DDL opened the issue.
    """

    said_at: datetime | None = None
    last_failure: datetime | None = None
    failures: int = 0
    taken_back: UUID | None = None
    taken_back_by: str | None = None
    applied: UUID | None = None
    applied_at: datetime | None = None
    undone_by: str | None = None
    undone_from: str | None = None
    undone_at: datetime | None = None
    own_fix: UUID | None = None

    @property
    def undone(self) -> str | None:
        """That a fix like this one was undone by somebody, in words; None where none was."""
        if self.taken_back is not None:
            return f"{self.taken_back_by} had fix {self.taken_back}, which did the same, undone"
        if self.applied is None or self.applied_at is None:
            return None
        did = f"fix {self.applied} did the same on {self.applied_at:%Y-%m-%d %H:%M} UTC"
        if self.own_fix is None and self.undone_at is not None and self.undone_at > self.applied_at:
            whence = f" from {self.undone_from}" if self.undone_from else ""
            return f"{did}, and {self.undone_by}{whence} undid it by hand"
        return f"{did}, and it is not there any more"


async def remember(connection: AsyncConnection[TupleRow], plan: Plan) -> Memory:
    """What is known of the plan's like, whose issue is open."""
    values = {"issue_id": plan.issue_id, "kind": plan.kind, "plan": plan.to_json()}
    async with connection.cursor(row_factory=class_row(Memory)) as cursor:
        await cursor.execute(_REMEMBERED, values)
        return await cursor.fetchone() or Memory()


async def lifted(connection: AsyncConnection[TupleRow]) -> Mapping[str, datetime]:
    """The issues whose quarantine somebody lifted, and when."""
    return dict(await (await connection.execute(_LIFTED)).fetchall())
