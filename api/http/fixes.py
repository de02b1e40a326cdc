"""POST /fix, GET /fixes, GET /fixes/{fix_id}, POST /fixes/{fix_id}/rollback."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from ...listener.desk import Desk, FixFilter
from .endpoint import Answer, Endpoint
from .issues import IssueId
from .paging import PageAnswer, PageAsked
from .plan import PlanAnswer, plan_answer
from .request import Asked

PlanHash = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
State = Annotated[str, StringConstraints(pattern="^[a-z_]{1,40}$")]


class ApproveAsked(Asked):
    """Which issue to fix, by exactly which plan: the `plan_hash` of its preview."""

    issue_id: IssueId
    plan_hash: PlanHash


class FixesAsked(PageAsked):
    """Which fixes; without a state all but superseded plans."""

    state: State | None = None
    issue_id: IssueId | None = None


class FixAsked(Asked):
    """One fix."""

    fix_id: UUID


class FixAnswer(Answer):
    """One fix and how far it came; `aftermath` says what became of the statements on its tables once it was applied."""

    fix_id: UUID
    issue_id: str
    issue_type: str
    schema_: str = Field(alias="schema")
    table: str
    column: str | None
    kind: str
    state: str
    summary: str
    plan_hash: str
    automatic: bool
    requested_by: str | None
    approved_by: str | None
    approved_at: datetime | None
    created_at: datetime
    changed_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int
    next_attempt_at: datetime | None
    reason: str | None
    undo_until: datetime | None
    rollback_requested_by: str | None
    rolled_back_at: datetime | None
    aftermath: Literal["watching", "quiet", "regressed", "ended"] | None
    aftermath_told: str | None


class TakenStepAnswer(Answer):
    """One step as it went; `intended` without an end is one whose end nobody saw."""

    direction: str
    ordinal: int
    attempt: int
    title: str
    statements: tuple[str, ...]
    state: str
    started_at: datetime
    finished_at: datetime | None
    error: str | None


class FixDetailAnswer(Answer):
    """A fix with its plan and every step, in the order in which they began."""

    fix: FixAnswer
    plan: PlanAnswer
    steps: tuple[TakenStepAnswer, ...]


class FixesAnswer(PageAnswer):
    """A page of fixes, latest first."""

    fixes: tuple[FixAnswer, ...] = Field(validation_alias="items")


async def _approve(desk: Desk, asked: ApproveAsked) -> FixAnswer:
    return FixAnswer.model_validate(await desk.approve(asked.issue_id, asked.plan_hash))


async def _list(desk: Desk, asked: FixesAsked) -> FixesAnswer:
    wanted = FixFilter(state=asked.state, issue_id=asked.issue_id)
    return FixesAnswer.model_validate(await desk.fixes(wanted, limit=asked.limit, offset=asked.offset))


async def _show(desk: Desk, asked: FixAsked) -> FixDetailAnswer:
    detail = await desk.fix(asked.fix_id)
    return FixDetailAnswer(
        fix=FixAnswer.model_validate(detail.fix),
        plan=plan_answer(detail.plan),
        steps=tuple(TakenStepAnswer.model_validate(step) for step in detail.steps),
    )


async def _roll_back(desk: Desk, asked: FixAsked) -> FixAnswer:
    return FixAnswer.model_validate(await desk.rollback(asked.fix_id))


ENDPOINTS = (
    Endpoint("POST", "/fix", ApproveAsked, FixAnswer, _approve, HTTPStatus.ACCEPTED),
    Endpoint("GET", "/fixes", FixesAsked, FixesAnswer, _list),
    Endpoint("GET", "/fixes/{fix_id}", FixAsked, FixDetailAnswer, _show),
    Endpoint("POST", "/fixes/{fix_id}/rollback", FixAsked, FixAnswer, _roll_back, HTTPStatus.ACCEPTED),
)
