"""Issues as people see them: with the event that caused each, and the fix that is on its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import DictRow, TupleRow, dict_row

from ..errors import NotFound
from ..evidence import Evidence
from ..issue import Severity
from ..source.site import CodeSite
from ..store.issues import site
from .page import DEFAULT_LIMIT, Page

IssueStatus = Literal["open", "ignored", "resolved"]

_MATCHING = """
from pgmend.all_issues
where (%(issue_id)s::text is null or issue_id = %(issue_id)s)
  and (%(status)s::text is null or status = %(status)s)
  and (%(severity)s::text is null or severity = %(severity)s)
  and (%(issue_types)s::text[] is null or issue_type = any(%(issue_types)s))
  and (%(table)s::text is null or table_name = %(table)s
    or concat_ws('.', schema_name, nullif(table_name, '')) = %(table)s)
  and (%(backlog)s::boolean is null or backlog = %(backlog)s)
"""
_SUMMARY = f"""
select issue_type, count(*) filter (where severity = 'critical') as critical,
  count(*) filter (where severity = 'medium') as medium, count(*) filter (where severity = 'low') as low,
  count(*) filter (where backlog) as backlog, count(*) filter (where auto_fixable) as auto_fixable
{_MATCHING}
group by issue_type order by issue_type
"""
# Python has no date for 'infinity' or the year 10000, and both mean: without an end.
_PAGE = f"""
select issue.*, fix.fix_id, fix.state as fix_state, fix.summary as fix_summary, fix.reason as fix_reason,
  fix.next_attempt_at, event.occurred_at, event.session_role, event.application_name,
  host(event.client_addr) as client, event.command_tag, event.statement, event.intended
from (
  select issue_id, issue_type, severity, status, schema_name, table_name, column_name, object_name, current_state,
    expected_state, evidence, auto_fixable, why_not_auto, backlog, event_id, opened_at, changed_at, resolved_at,
    ignored_reason, ignored_by, ignored_at,
    case when ignored_until < '9999-12-31' then ignored_until end as ignored_until, resolved_because,
    file, line, column_offset, statement as code_statement, sqlstate, row_number() over (
    order by array_position(array['critical', 'medium', 'low'], severity), schema_name, table_name, issue_id
  ) as place
  {_MATCHING}
  order by place limit %(limit)s offset %(offset)s
) as issue
left join lateral (
  select candidate.fix_id, candidate.state, coalesce(candidate.plan ->> 'summary', candidate.kind) as summary,
    candidate.reason, candidate.next_attempt_at
  from pgmend.fix as candidate
  where candidate.issue_id = issue.issue_id and candidate.state <> 'superseded'
  order by candidate.created_at desc limit 1
) as fix on true
left join lateral (select * from pgmend.recent_ddl as ddl where ddl.event_id = issue.event_id) as event on true
order by place
"""


@dataclass(frozen=True, slots=True)
class Cause:
    """The event that opened an issue: who, from where, when, with which statement (None where it is not kept)."""

    event_id: UUID
    occurred_at: datetime
    session_role: str
    application_name: str | None
    client: str | None
    command_tag: str
    statement: str | None
    intended: str | None


@dataclass(frozen=True, slots=True)
class LatestFix:
    """The newest plan for an issue and how far it came."""

    fix_id: UUID
    state: str
    summary: str
    reason: str | None
    next_attempt_at: datetime | None


@dataclass(frozen=True, slots=True)
class Ignored:
    """Who chose to live with an issue, why, and for how long (None: until its definition changes)."""

    reason: str
    by: str
    at: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class ShownIssue:
    """One issue with all that faces show of it. `resolved_because` is set where nobody saw it gone."""

    issue_id: str
    issue_type: str
    severity: Severity
    status: IssueStatus
    schema: str
    table: str
    column: str | None
    object_name: str | None
    current_state: str
    expected_state: str
    evidence: tuple[Evidence, ...]
    auto_fixable: bool
    why_not_auto: str | None
    backlog: bool
    opened_at: datetime
    changed_at: datetime
    resolved_at: datetime | None
    resolved_because: str | None
    cause: Cause | None
    fix: LatestFix | None
    ignored: Ignored | None
    site: CodeSite | None = None


@dataclass(frozen=True, slots=True)
class IssueFilter:
    """Which issues to show; None is any. `table` is `table` or `schema.table`, exactly as it is written."""

    status: IssueStatus | None = "open"
    severity: Severity | None = None
    issue_types: tuple[str, ...] | None = None
    table: str | None = None
    backlog: bool | None = None


@dataclass(frozen=True, slots=True)
class IssueSummary:
    """How many issues a filter matches, whatever page of them is shown."""

    total: int
    critical: int
    medium: int
    low: int
    backlog: int
    auto_fixable: int
    by_type: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class IssuePage:
    """A page of issues, worst first, and the summary of all."""

    page: Page[ShownIssue]
    summary: IssueSummary


async def read_issues(
    connection: AsyncConnection[TupleRow], wanted: IssueFilter, limit: int = DEFAULT_LIMIT, offset: int = 0
) -> IssuePage:
    """The issues that match, worst first, then by table."""
    parameters = _parameters(wanted, None, limit, offset)
    summary = await _summarize(connection, parameters)
    issues = await _read(connection, parameters)
    return IssuePage(Page(issues, summary.total, limit, offset), summary)


async def read_issue(connection: AsyncConnection[TupleRow], issue_id: str) -> ShownIssue:
    """One issue, whatever its status; raises NotFound."""
    found = await _read(connection, _parameters(IssueFilter(status=None), issue_id, 1, 0))
    if not found:
        raise NotFound(f"There is no issue {issue_id}; `pgmend issues` shows them.")
    return found[0]


async def summarize_open(connection: AsyncConnection[TupleRow]) -> IssueSummary:
    """How many issues are open."""
    return await _summarize(connection, _parameters(IssueFilter(), None, 0, 0))


def _parameters(wanted: IssueFilter, issue_id: str | None, limit: int, offset: int) -> dict[str, object]:
    return {
        "issue_id": issue_id,
        "status": wanted.status,
        "severity": wanted.severity.value if wanted.severity else None,
        "issue_types": None if wanted.issue_types is None else list(wanted.issue_types),
        "table": wanted.table,
        "backlog": wanted.backlog,
        "limit": limit,
        "offset": offset,
    }


async def _summarize(connection: AsyncConnection[TupleRow], parameters: dict[str, object]) -> IssueSummary:
    async with connection.cursor(row_factory=dict_row) as cursor:
        rows = await (await cursor.execute(_SUMMARY, parameters)).fetchall()
    by_type = {row["issue_type"]: row["critical"] + row["medium"] + row["low"] for row in rows}
    counts = {name: sum(row[name] for row in rows) for name in ("critical", "medium", "low", "backlog", "auto_fixable")}
    return IssueSummary(total=sum(by_type.values()), **counts, by_type=by_type)


async def _read(connection: AsyncConnection[TupleRow], parameters: dict[str, object]) -> tuple[ShownIssue, ...]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_PAGE, parameters)
        return tuple([_shown(row) async for row in cursor])


def _shown(row: DictRow) -> ShownIssue:
    return ShownIssue(
        issue_id=row["issue_id"],
        issue_type=row["issue_type"],
        severity=Severity(row["severity"]),
        status=row["status"],
        schema=row["schema_name"],
        table=row["table_name"],
        column=row["column_name"],
        object_name=row["object_name"],
        current_state=row["current_state"],
        expected_state=row["expected_state"],
        evidence=tuple(Evidence(**each) for each in row["evidence"] or ()),
        auto_fixable=row["auto_fixable"],
        why_not_auto=row["why_not_auto"],
        backlog=row["backlog"],
        opened_at=row["opened_at"],
        changed_at=row["changed_at"],
        resolved_at=row["resolved_at"],
        resolved_because=row["resolved_because"],
        cause=_cause(row),
        fix=_latest_fix(row),
        ignored=_ignored(row),
        site=site(row["file"], row["line"], row["column_offset"], row["code_statement"], row["sqlstate"]),
    )


def _cause(row: dict[str, Any]) -> Cause | None:
    if row["occurred_at"] is None:
        return None
    return Cause(
        event_id=row["event_id"],
        occurred_at=row["occurred_at"],
        session_role=row["session_role"],
        application_name=row["application_name"],
        client=row["client"],
        command_tag=row["command_tag"],
        statement=row["statement"],
        intended=row["intended"],
    )


def _latest_fix(row: dict[str, Any]) -> LatestFix | None:
    if row["fix_id"] is None:
        return None
    return LatestFix(row["fix_id"], row["fix_state"], row["fix_summary"], row["fix_reason"], row["next_attempt_at"])


def _ignored(row: dict[str, Any]) -> Ignored | None:
    if row["ignored_at"] is None:
        return None
    return Ignored(row["ignored_reason"], row["ignored_by"], row["ignored_at"], row["ignored_until"])
