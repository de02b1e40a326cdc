"""GET /issues, GET /issues/{issue_id}, POST /issues/{issue_id}/ignore."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from ...listener.desk import Desk, IssueFilter, IssueStatus
from ...listener.desk.identifier import ISSUE_ID
from ...listener.issue import Severity
from .endpoint import Answer, Endpoint
from .paging import PageAnswer, PageAsked
from .request import Asked, Text

IssueId = Annotated[str, StringConstraints(pattern=f"^{ISSUE_ID}$")]


class IssuesAsked(PageAsked):
    """Which issues; without a filter the open ones. `table` is `table` or `schema.table`, exactly as it is written."""

    status: IssueStatus | Literal["any"] = "open"
    severity: Severity | None = None
    issue_type: Text | None = Field(default=None, alias="type")
    table: Text | None = None
    backlog: bool | None = None


class IssueAsked(Asked):
    """One issue."""

    issue_id: IssueId


class IgnoreAsked(Asked):
    """Which issue to live with, why, and until when; without an end until its definition changes. What was on its way
    to fix it is withdrawn."""

    issue_id: IssueId
    reason: Text
    until: AwareDatetime | None = None


class EvidenceAnswer(Answer):
    """One reason to believe, or to doubt (`against`). `weight` is in log-odds."""

    kind: str
    weight: float
    seen: str
    against: bool


class CauseAnswer(Answer):
    """The event that opened the issue. `application_name` is what the session called itself; anyone can set it."""

    event_id: UUID
    occurred_at: datetime
    session_role: str
    application_name: str | None
    client: str | None
    command_tag: str
    statement: str | None
    intended: str | None


class LatestFixAnswer(Answer):
    """The newest plan for the issue and how far it came."""

    fix_id: UUID
    state: str
    summary: str
    reason: str | None
    next_attempt_at: datetime | None


class IgnoredAnswer(Answer):
    """Who chose to live with the issue."""

    reason: str
    by: str
    at: datetime
    until: datetime | None


class SiteAnswer(Answer):
    """Where in the application's code the issue is: `line` from 1, `column_offset` in characters from 0. What is not
    known of the statement's text is in braces."""

    file: str
    line: int
    column_offset: int
    statement: str
    sqlstate: str | None


class IssueAnswer(Answer):
    """One issue; one in code has a `site`. `resolved_because` is set where nobody saw it gone."""

    issue_id: str
    issue_type: str
    severity: Severity
    status: IssueStatus
    schema_: str = Field(alias="schema")
    table: str
    column: str | None
    object_name: str | None
    current_state: str
    expected_state: str
    evidence: tuple[EvidenceAnswer, ...]
    auto_fixable: bool
    why_not_auto: str | None
    backlog: bool
    opened_at: datetime
    changed_at: datetime
    resolved_at: datetime | None
    resolved_because: str | None
    cause: CauseAnswer | None
    fix: LatestFixAnswer | None
    ignored: IgnoredAnswer | None
    site: SiteAnswer | None


class SummaryAnswer(Answer):
    """How many issues match, whatever page of them is shown."""

    total: int
    critical: int
    medium: int
    low: int
    backlog: int
    auto_fixable: int
    by_type: Mapping[str, int]


class IssuesAnswer(PageAnswer):
    """A page of issues, worst first. `warnings` are the medium and the low ones."""

    critical_issues: tuple[IssueAnswer, ...]
    warnings: tuple[IssueAnswer, ...]
    summary: SummaryAnswer


async def _list(desk: Desk, asked: IssuesAsked) -> IssuesAnswer:
    wanted = IssueFilter(
        status=None if asked.status == "any" else asked.status,
        severity=asked.severity,
        issue_types=None if asked.issue_type is None else (asked.issue_type,),
        table=asked.table,
        backlog=asked.backlog,
    )
    found = await desk.issues(wanted, limit=asked.limit, offset=asked.offset)
    issues = [IssueAnswer.model_validate(issue) for issue in found.page.items]
    return IssuesAnswer(
        critical_issues=tuple(issue for issue in issues if issue.severity is Severity.CRITICAL),
        warnings=tuple(issue for issue in issues if issue.severity is not Severity.CRITICAL),
        summary=SummaryAnswer.model_validate(found.summary),
        total=found.page.total,
        limit=found.page.limit,
        offset=found.page.offset,
    )


async def _show(desk: Desk, asked: IssueAsked) -> IssueAnswer:
    return IssueAnswer.model_validate(await desk.issue(asked.issue_id))


async def _ignore(desk: Desk, asked: IgnoreAsked) -> IssueAnswer:
    return IssueAnswer.model_validate(await desk.ignore(asked.issue_id, asked.reason, asked.until))


ENDPOINTS = (
    Endpoint("GET", "/issues", IssuesAsked, IssuesAnswer, _list),
    Endpoint("GET", "/issues/{issue_id}", IssueAsked, IssueAnswer, _show),
    Endpoint("POST", "/issues/{issue_id}/ignore", IgnoreAsked, IssueAnswer, _ignore),
)
