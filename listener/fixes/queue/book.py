"""`pgmend.fix`: a plan on its way.

    proposed ──approve──▶ approved ─┐
    queued (it acts alone) ─────────┴─claim─▶ running ──▶ applied ──rollback()──▶ rollback_requested
      ▲  ▲                                      │ │ │                                    │ claim
      │  └───────────paused──────────────-──────┘ │ └─▶ refused, failed, superseded      ▼
      └──after retry_after── deferred ◀───────────┘     (undone first: rolling_back)  rolling_back ──▶ rolled_back

A fix that is deferred or queued again may have steps behind it: it goes on from there, since probes tell what is done.
A fix in `rolling_back` whose undo nobody requested is one that failed on its way; it ends as failed. An undo that is
refused or fails ends as applied, with the reason. Each transition is one UPDATE under the lease.

What may no longer run is withdrawn: superseded where nothing of it was done, else undone first (docs/decisions/0015).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row

from ...errors import LeaseLost, NotFound, PlanRefused
from ...hearing.lease import Lease
from ...settings import AutoFix
from ..limits import Kept
from ..plan import Plan, Proof, proofs_to_json

State = Literal[
    "proposed",
    "approved",
    "queued",
    "running",
    "applied",
    "deferred",
    "refused",
    "failed",
    "rollback_requested",
    "rolling_back",
    "rolled_back",
    "superseded",
]
MOST_DEFERRALS = 24
"""So often what nobody approved is tried and put off; then somebody has to look why it never comes to its turn."""
UNFINISHED: tuple[State, ...] = ("running", "rolling_back")

_PROPOSE = """
with older as (
  update pgmend.fix set state = 'superseded', reason = 'a newer plan took its place', finished_at = clock_timestamp()
  where issue_id = %(issue_id)s and state = 'proposed')
insert into pgmend.fix (fix_id, issue_id, kind, state, plan, plan_hash, proofs, automatic, requested_by)
values (%(fix_id)s, %(issue_id)s, %(kind)s, %(state)s, %(plan)s::jsonb, %(plan_hash)s, %(proofs)s::jsonb,
  %(automatic)s, %(requested_by)s)
"""
# With the proofs that were made last, which are what somebody saw who approved it.
_PLAN = "(f.plan || pg_catalog.jsonb_build_object('proofs', coalesce(f.proofs, f.plan -> 'proofs', '[]')))::text"
# Why a fix `f` may not go on as things are now, and whether anything of it was ever tried. Of ignoring and approving
# the later word counts.
_STANDING = """
cross join lateral (
  select i.status = 'resolved' as resolved,
    exists (
      select from pgmend.fix_step as s
      where s.fix_id = f.fix_id and s.direction = 'apply' and s.state <> 'skipped') as begun,
    case
      when f.state in ('rollback_requested', 'rolling_back') then null
      when i.status = 'resolved' then 'the issue is resolved'
      when i.status = 'ignored' and coalesce(i.ignored_at > f.approved_at, true)
        then pg_catalog.format('the issue is ignored by %%s: %%s', i.ignored_by, i.ignored_reason)
      when f.automatic and (not p.automatic or 'none' in (p.auto_fix, %(allowed)s)) then 'automatic fixing is off'
      when f.automatic and 'critical' in (p.auto_fix, %(allowed)s) and i.severity <> 'critical'
        then 'auto_fix is critical and this is ' || i.severity
    end as withdrawn
  from pgmend.all_issues as i, pgmend.policy as p
  where i.issue_id = f.issue_id) as now
"""
# What failed, was refused or deferred is not tried again alone within `retry_after`, under whatever id (law 13).
_CLAIM = f"""
with next as (
  select f.fix_id, now.withdrawn, now.resolved, now.begun from pgmend.fix as f {_STANDING}
  where f.state in ('approved', 'queued', 'deferred', 'rollback_requested', 'rolling_back')
    and (coalesce(f.next_attempt_at <= clock_timestamp(), true) or now.withdrawn is not null and not now.resolved)
    and (now.withdrawn is null or now.begun)
    and (%(alone)s or not f.automatic or (now.withdrawn is not null and not now.resolved)
      or f.state in ('rollback_requested', 'rolling_back'))
    and (f.state <> 'rolling_back' or f.next_attempt_at is not null)
    and (not f.automatic or f.state <> 'deferred' or f.attempts < %(most)s or now.withdrawn is not null)
    and not (f.automatic and f.state = 'queued' and f.attempts = 0 and exists (
      select from pgmend.fix as earlier
      where earlier.issue_id = f.issue_id and earlier.fix_id <> f.fix_id
        and (earlier.plan -> 'remedy') - 'along' = (f.plan -> 'remedy') - 'along'
        and case earlier.state when 'deferred' then earlier.next_attempt_at > clock_timestamp()
          else earlier.state in ('refused', 'failed')
            and earlier.finished_at > clock_timestamp() - %(retry_after)s end))
  order by f.state in ('rollback_requested', 'rolling_back') desc, coalesce(f.approved_at, f.created_at), f.fix_id
  for update of f skip locked limit 1)
update pgmend.fix as f set
  state = case when f.state in ('rollback_requested', 'rolling_back') then 'rolling_back' else 'running' end,
  lease_token = %(token)s::uuid, attempts = f.attempts + 1, next_attempt_at = null,
  started_at = case when f.state in ('rollback_requested', 'rolling_back') then f.started_at else clock_timestamp() end
from next where f.fix_id = next.fix_id
returning f.fix_id, f.state, {_PLAN} as plan, f.rollback_requested_by, f.reason, next.withdrawn, next.resolved,
  f.automatic, next.begun
"""
_ADOPT = f"""
with left_over as (
  select f.fix_id, now.withdrawn, now.resolved, now.begun from pgmend.fix as f {_STANDING}
  where f.state = any(%(unfinished)s) and f.next_attempt_at is null
  for update of f)
update pgmend.fix as f set lease_token = %(token)s::uuid
from left_over where f.fix_id = left_over.fix_id
returning f.fix_id, f.state, {_PLAN} as plan, f.rollback_requested_by, f.reason, left_over.withdrawn,
  left_over.resolved, f.automatic, left_over.begun
"""
_WITHDRAW = f"""
with unwanted as (
  select f.fix_id, now.withdrawn from pgmend.fix as f {_STANDING}
  where f.state in ('approved', 'queued', 'deferred') and now.withdrawn is not null and not now.begun
  for update of f skip locked)
update pgmend.fix as f set state = 'superseded', reason = 'Withdrawn: ' || unwanted.withdrawn || '.',
  next_attempt_at = null, finished_at = clock_timestamp()
from unwanted where f.fix_id = unwanted.fix_id
returning f.fix_id, f.issue_id, f.reason
"""
_IS_LAST = "select f.automatic and f.attempts >= %s from pgmend.fix as f where f.fix_id = %s"
# Who is stopped by a pause, or by the end of a window, has not been put off: that is no attempt, but for the first.
_MOVE = """
update pgmend.fix set state = %(state)s,
  attempts = case when %(state)s = 'queued' then greatest(attempts - 1, 1) else attempts end,
  proofs = coalesce(%(proofs)s::jsonb, proofs),
  reason = %(reason)s::text || case when %(state)s = 'deferred' and automatic and attempts >= %(most)s
    then pg_catalog.format(' Tried %%s times: from here on it waits for a person.', attempts) else '' end,
  finished_at = case
    when %(finished)s and not (%(state)s = 'applied' and undo_until is not null) then clock_timestamp()
    else finished_at end,
  undo_until = case
    when %(state)s = 'applied' then coalesce(undo_until, clock_timestamp() + %(undo_kept)s) else undo_until end,
  rolled_back_at = case when %(state)s = 'rolled_back' then clock_timestamp() else rolled_back_at end,
  next_attempt_at = case
    when %(state)s = 'deferred' and automatic and attempts >= %(most)s then null
    else clock_timestamp() + %(again_after)s end,
  lease_token = case when %(state)s in ('running', 'rolling_back') then lease_token end
where fix_id = %(fix_id)s
"""
_KEEP_BACKUPS = """
update pgmend.backup set expires_at = coalesce(expires_at, clock_timestamp() + %s) where fix_id = %s
"""
_READ = f"""
select f.fix_id, f.state, {_PLAN} as plan, f.rollback_requested_by, f.reason, null as withdrawn, false as resolved,
  f.automatic, false as begun
from pgmend.fix as f where f.fix_id = %s
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A fix that is ours to carry on, and the way it goes. `requested` says that somebody asked for the undo,
    `reason` what its row says so far. `withdrawn` is why it may not go on: then what it did is to be undone, or, where
    its issue is `resolved`, finished, since that may be its own doing. `automatic` is what nobody has approved, and one
    that has `begun` may have left something half done.
    """

    fix_id: UUID
    plan: Plan
    direction: Literal["apply", "undo"]
    requested: bool
    reason: str | None
    withdrawn: str | None = None
    resolved: bool = False
    automatic: bool = False
    begun: bool = False

    @property
    def turns_back(self) -> bool:
        """Whether it goes the way back, whatever it was to do."""
        return self.direction == "undo" or (self.withdrawn is not None and not self.resolved)


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A fix that was superseded before anything of it was done, and why."""

    fix_id: UUID
    issue_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Row:
    fix_id: UUID
    state: str
    plan: str
    rollback_requested_by: str | None
    reason: str | None
    withdrawn: str | None
    resolved: bool
    automatic: bool
    begun: bool

    def claim(self) -> Claim:
        return Claim(
            self.fix_id,
            Plan.from_json(self.plan),
            "undo" if self.state == "rolling_back" else "apply",
            self.rollback_requested_by is not None,
            self.reason,
            self.withdrawn,
            self.resolved,
            self.automatic,
            self.begun,
        )


async def propose(
    connection: AsyncConnection[TupleRow],
    fix_id: UUID,
    plan: Plan,
    *,
    automatic: bool = False,
    requested_by: str | None = None,
) -> None:
    """Write the plan down, queued or proposed; what was proposed for the issue is superseded.

    Raises PlanRefused where an automatic one needs approval after all, or may not be carried out.
    """
    why_not = plan.needs_approval or plan.refusal or plan.waits_for
    if automatic and why_not:
        raise PlanRefused(f"It is not queued without approval: {why_not}.")
    values = {
        "fix_id": fix_id,
        "issue_id": plan.issue_id,
        "kind": plan.kind,
        "state": "queued" if automatic else "proposed",
        "plan": plan.to_json(),
        "plan_hash": plan.plan_hash,
        "proofs": proofs_to_json(plan.proofs),
        "automatic": automatic,
        "requested_by": requested_by,
    }
    await connection.execute(_PROPOSE, values)


async def claim(
    connection: AsyncConnection[TupleRow],
    lease: Lease,
    retry_after: timedelta,
    *,
    allowed: AutoFix,
    alone: bool = True,
) -> Claim | None:
    """The fix to be carried on next, in state running or rolling_back by now; undo goes before everything else.

    One that has begun and may not go on comes with the reason, `allowed` being the most that may be automatic. Where
    not `alone`, other automatic ones are left where they are, and so are those that may have resolved their issue.
    """
    values = {
        "token": lease.token,
        "retry_after": retry_after,
        "allowed": allowed.value,
        "alone": alone,
        "most": MOST_DEFERRALS,
    }
    rows = await _under_lease(connection, lease, _CLAIM, values)
    return rows[0].claim() if rows else None


async def adopt(connection: AsyncConnection[TupleRow], lease: Lease, *, allowed: AutoFix) -> list[Claim]:
    """The fixes that somebody left on their way, ours from now on; with the reason those that may not go on.

    Somebody is another leader, or we ourselves where the server was out of reach: to be called while none is under way.
    """
    values = {"token": lease.token, "unfinished": list(UNFINISHED), "allowed": allowed.value}
    return [row.claim() for row in await _under_lease(connection, lease, _ADOPT, values)]


async def withdraw(connection: AsyncConnection[TupleRow], lease: Lease, *, allowed: AutoFix) -> list[Withdrawal]:
    """Supersede what waits and may no longer run: its issue is ignored or resolved, or it is automatic and of `allowed`
    and the stored policy the strictest does not cover it any more. What has begun is for `claim`."""
    async with connection.transaction(), connection.cursor(row_factory=class_row(Withdrawal)) as cursor:
        if not await lease.hold(connection):
            raise LeaseLost("Nothing is withdrawn: another listener leads by now.")
        await cursor.execute(_WITHDRAW, {"allowed": allowed.value})
        return await cursor.fetchall()


async def read_claim(connection: AsyncConnection[TupleRow], fix_id: UUID) -> Claim:
    """The fix as its row has it; raises NotFound."""
    async with connection.cursor(row_factory=class_row(_Row)) as cursor:
        await cursor.execute(_READ, (fix_id,))
        row = await cursor.fetchone()
    if row is None:
        raise NotFound(f"There is no fix {fix_id}.")
    return row.claim()


async def move(
    connection: AsyncConnection[TupleRow],
    lease: Lease,
    fix_id: UUID,
    state: State,
    *,
    kept: Kept,
    reason: str | None = None,
    proofs: tuple[Proof, ...] | None = None,
    again_after: timedelta | None = None,
) -> None:
    """One transition, under the lease; raises LeaseLost.

    With it, what is applied for the first time gets the end of its undo, and what is finished that of its backups.
    """
    finished = state in {"applied", "refused", "failed", "superseded"}
    values = {
        "fix_id": fix_id,
        "state": state,
        "reason": reason,
        "proofs": None if proofs is None else proofs_to_json(proofs),
        "finished": finished,
        "undo_kept": kept.undo,
        "most": MOST_DEFERRALS,
        "again_after": again_after,
    }
    async with connection.transaction():
        if not await lease.hold(connection):
            raise LeaseLost(f"Fix {fix_id} stays as it is: another listener leads by now.")
        await connection.execute(_MOVE, values)
        if finished:
            await connection.execute(_KEEP_BACKUPS, (kept.backups, fix_id))


async def is_last_deferral(connection: AsyncConnection[TupleRow], fix_id: UUID) -> bool:
    """Whether the fix waits for a person once it is deferred now."""
    row = await (await connection.execute(_IS_LAST, (MOST_DEFERRALS, fix_id))).fetchone()
    return row is not None and bool(row[0])


async def _under_lease(
    connection: AsyncConnection[TupleRow], lease: Lease, query: LiteralString, values: Mapping[str, object]
) -> list[_Row]:
    async with connection.transaction(), connection.cursor(row_factory=class_row(_Row)) as cursor:
        if not await lease.hold(connection):
            raise LeaseLost("Nothing is claimed: another listener leads by now.")
        await cursor.execute(query, values)
        return await cursor.fetchall()
