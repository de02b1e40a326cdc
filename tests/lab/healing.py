"""What a running listener makes of what is broken, and a person beside it who approves what waits."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

import aiohttp
import psycopg
from pgmend.listener.expected.portrait import ObjectKind
from pgmend.listener.issue import column_list
from psycopg.rows import class_row

from tests.acceptance.listener import OPERATOR, Listener

from .injector import Fault

_LOOK = """
select i.issue_id, i.issue_type, i.status, coalesce(i.table_name, '') as relation,
  coalesce(i.object_name, '') as object, coalesce(i.column_name, '') as "column",
  coalesce(i.table_oid, 0)::bigint as relation_oid, i.opened_at, i.definition_hash,
  coalesce(jsonb_typeof(i.remedy) = 'object', false) as mendable, i.auto_fixable, i.why_not_auto,
  f.fix_id::text, f.kind, f.state, f.reason, f.plan ->> 'refusal' as refusal, f.plan ->> 'waits_for' as waits_for,
  f.plan_hash,
  coalesce(f.automatic, false) as automatic, coalesce((f.plan ->> 'restores')::boolean, false) as restores,
  exists (select from pgmend.fix where fix.issue_id = i.issue_id and fix.state = 'applied'
    and fix.finished_at > i.opened_at) as fixed
from pgmend.all_issues as i
left join lateral (
  select * from pgmend.fix where fix.issue_id = i.issue_id order by fix.created_at desc, fix.fix_id limit 1
) as f on true
order by i.opened_at, i.issue_id
"""
_BUSY = """
select exists (select from pgmend.ddl_log where processed_at is null) or exists (
  select from pgmend.fix where state in ('approved', 'queued', 'running', 'rollback_requested', 'rolling_back')
)
"""
_APPLIED = """
select fix_id::text, plan -> 'inverse' = '[]' from pgmend.fix where state = 'applied' and finished_at > %s
order by finished_at desc
"""
_LOOKED = "select finished_at is not null from pgmend.scan where scan_id = %s"
_PAUSE_SECONDS = 0.1
_QUIET_SECONDS = 0.4
_LONGEST_SECONDS = 40.0
_LABELS = tuple(f"{kind.value.replace('_', ' ')} " for kind in ObjectKind)
# It names the columns and not the constraint, which may never have been there.
_UNNAMED = frozenset({"MISSING_FOREIGN_KEY"})
_APPROVALS = 3
_REST_SECONDS = 1.5
# So long a fix of that state says nothing of the issue yet: another plan, or the next look, is on its way.
_GRACE_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Seen:
    """An issue with its newest fix, as `psql` shows them."""

    issue_id: str
    issue_type: str
    status: str
    relation: str
    object: str
    column: str
    relation_oid: int
    opened_at: datetime
    definition_hash: str | None
    mendable: bool
    auto_fixable: bool
    why_not_auto: str | None
    fix_id: str | None
    kind: str | None
    state: str | None
    reason: str | None
    refusal: str | None
    waits_for: str | None
    plan_hash: str | None
    automatic: bool
    restores: bool
    fixed: bool

    @property
    def resolved(self) -> bool:
        return self.status == "resolved"

    @property
    def mended(self) -> bool:
        """Resolved by a fix; what is resolved without one was withdrawn: it is not believed any more."""
        return self.resolved and self.fixed

    @property
    def waits_for_approval(self) -> bool:
        proposed = self.state == "proposed" and not self.refusal and not self.waits_for
        return proposed and not self.auto_fixable and self.why_not_auto is not None

    @property
    def awaits_verdict(self) -> bool:
        """Whether the listener has not yet said what becomes of it, or has said that it will mend it, and has not."""
        return not self.resolved and self.mendable and self.why_not_auto is None

    @property
    def is_decided(self) -> bool:
        """Whether nothing more is to be expected. A plan that is refused is no row: that one may yet be made, and what
        one waits for may come."""
        return self.resolved or (
            not self.waits_for and self.objection is not None and (self.fix_id is not None or not self.mendable)
        )

    @property
    def objection(self) -> str | None:
        """Why it will not be mended, as far as one can tell now; None where it may be yet, or is."""
        if self.resolved:
            return None
        if not self.mendable:
            return self.why_not_auto and f"no remedy: {self.why_not_auto}"
        if self.state in ("refused", "failed"):
            return f"{self.state}: {self.reason}"
        if self.state == "proposed" and self.waits_for:
            return f"waits for {self.waits_for}"
        if self.refusal or (self.fix_id is None and not self.auto_fixable and self.why_not_auto):
            return f"refused: {self.refusal or self.why_not_auto}"
        return None


class Healing:
    """One case on one database: what came to light since it began, approved by SQL or over HTTP, as it falls."""

    def __init__(self, listener: Listener, connection: psycopg.AsyncConnection[Any], random: Random) -> None:
        self._listener = listener
        self._connection = connection
        self._random = random
        self._known: Mapping[str, str | None] = {}
        self._approvals: Counter[str] = Counter()
        self.began: datetime

    async def begin(self) -> None:
        """Remember what is open already: a backlog is nobody's fault here, and left alone."""
        self.began = await self._value("select pg_catalog.clock_timestamp()")
        self._known = {each.issue_id: each.definition_hash for each in await self._look() if not each.resolved}
        self._approvals.clear()

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Nothing is mended meanwhile, so that one can look at what is broken; it is noticed all the same."""
        await self._connection.execute("select pgmend.pause('the lab breaks things, and looks')")
        yield
        await self._connection.execute("select pgmend.resume()")

    async def opened(self) -> list[Seen]:
        """The issues that were opened, or became others, since `begin`; not one that was gone for as long as the fault
        was there, and now is back as it was."""
        return [
            each
            for each in await self._look()
            if (each.issue_id not in self._known and each.opened_at >= self.began)
            or self._known.get(each.issue_id, each.definition_hash) != each.definition_hash
        ]

    async def settle(self) -> list[Seen]:
        """Approve what waits until every issue is mended, or will not be; the issues as they then are."""
        deadline = time.monotonic() + _LONGEST_SECONDS
        quiet_since = time.monotonic()
        before: list[Seen] = []
        while time.monotonic() < deadline:
            now = await self.opened()
            if now != before or await self._value(_BUSY):
                quiet_since = time.monotonic()
            before = now
            quiet = time.monotonic() - quiet_since
            if any([await self._approve(each) for each in self._to_be_approved(now, quiet)]):
                quiet_since = time.monotonic()
            elif quiet > _patience(now):
                break
            await asyncio.sleep(_PAUSE_SECONDS)
        return before

    async def scan(self) -> None:
        """Have everything looked at, as the safety scan does."""
        requested = await self._value("select pgmend.request_scan()")
        await self._until(_LOOKED, requested)

    async def roll_back(self) -> list[str]:
        """Undo all that was applied since `begin` and can be undone, the last first; why, where that was refused."""
        self._approvals.clear()
        refused: list[str] = []
        for fix_id, nothing_to_undo in await self._rows(_APPLIED, self.began):
            if nothing_to_undo:
                continue
            try:
                await self._connection.execute("select pgmend.rollback(%s)", (fix_id,))
            except psycopg.errors.ObjectNotInPrerequisiteState as error:
                refused.append(f"{error.diag.message_primary}: {error.diag.message_hint}")
                continue
            going = "select state not in ('rollback_requested', 'rolling_back') from pgmend.fix where fix_id = %s"
            await self._until(going, fix_id)
            ((state, reason),) = await self._rows("select state, reason from pgmend.fix where fix_id = %s", fix_id)
            if state != "rolled_back":
                refused.append(f"{state}: {reason}")
        return refused

    async def undoable(self) -> tuple[bool, ...]:
        """Of each fix that was applied since `begin` and is still in force, whether it can be undone."""
        return tuple(not nothing_to_undo for _, nothing_to_undo in await self._rows(_APPLIED, self.began))

    def _to_be_approved(self, issues: Iterable[Seen], quiet: float) -> list[Seen]:
        """What brings back something that was there, as a person would who knows what broke; the rest, which may be
        resolved with it, only when for a while nothing else has gone on, and one by one, types before what needs equal
        ones."""
        waiting = [each for each in issues if each.waits_for_approval and self._approvals[each.issue_id] < _APPROVALS]
        restoring = [each for each in waiting if each.restores]
        if restoring or quiet < _REST_SECONDS:
            return restoring
        return sorted(waiting, key=lambda each: each.kind != "change_column_type")[:1]

    async def _approve(self, each: Seen) -> bool:
        """Whether it took; somebody may have been quicker, or the plan stale, and then the newer one is approved."""
        took = await (self._approve_over_http(each) if self._random.random() < 0.5 else self._approve_by_sql(each))
        self._approvals[each.issue_id] += took
        return took

    async def _approve_by_sql(self, each: Seen) -> bool:
        try:
            await self._connection.execute("select pgmend.approve(%s)", (each.fix_id,))
        except psycopg.errors.ObjectNotInPrerequisiteState:
            return False
        return True

    async def _approve_over_http(self, each: Seen) -> bool:
        url = f"{self._listener.address}/api/database-health/fix"
        body = {"issue_id": each.issue_id, "plan_hash": each.plan_hash}
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {OPERATOR}"}) as session,
            session.post(url, json=body) as answer,
        ):
            if answer.status not in (202, 409):
                raise RuntimeError(f"POST /fix said {answer.status}: {await answer.text()}")
            return answer.status == 202

    async def _look(self) -> list[Seen]:
        async with self._connection.cursor(row_factory=class_row(Seen)) as cursor:
            return await (await cursor.execute(_LOOK)).fetchall()

    async def _rows(self, query: str, *params: object) -> list[tuple[Any, ...]]:
        return await (await self._connection.execute(query.encode(), params)).fetchall()

    async def _value(self, query: str, *params: object) -> Any:
        ((value,),) = await self._rows(query, *params)
        return value

    async def _until(self, query: str, *params: object) -> None:
        deadline = time.monotonic() + _LONGEST_SECONDS
        while not await self._value(query, *params):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {_LONGEST_SECONDS:.0f} s: {query}")
            await asyncio.sleep(_PAUSE_SECONDS)


def _patience(issues: Iterable[Seen]) -> float:
    """How many quiet seconds say that nothing more will come."""
    if any(each.awaits_verdict for each in issues):
        return _LONGEST_SECONDS
    return _QUIET_SECONDS if all(each.is_decided for each in issues) else _GRACE_SECONDS


def telling_of(issues: Iterable[Seen], fault: Fault) -> list[Seen]:
    """The issues of the fault's types that name its object, on its relation where there is one."""
    return [
        each
        for each in issues
        if each.issue_type in fault.kind.announced_by
        and (each.relation_oid == fault.relation_oid or not each.relation_oid or not fault.relation_oid)
        and (each.issue_type in _UNNAMED or _names(each, fault))
    ]


def _names(each: Seen, fault: Fault) -> bool:
    """Whether the issue is about the fault's object (`index i`, `column c: comment`, `function f()`), or else about its
    columns, or else about the relation itself, whatever that is called by now."""
    called = each.object.rpartition(": ")[0] if each.issue_type == "CHANGED_DEFINITION" else each.object
    own = next((called.removeprefix(label) for label in _LABELS if called.startswith(label)), called)
    if own:
        return not fault.names.isdisjoint({called, own, own.partition("(")[0]})
    if each.column:
        return not {column_list([name]) for name in fault.names}.isdisjoint(each.column.split(", "))
    return fault.object == fault.relation
