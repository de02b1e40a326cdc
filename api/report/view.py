"""One issue as every report shows it, whether a check just found it or the listener has known it for long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...listener.check import Reported
from ...listener.evidence import Evidence
from ...listener.fixes.plan import Plan
from ...listener.issue import Issue, Severity
from ...listener.source.site import CodeSite

if TYPE_CHECKING:
    from ...listener.desk import ShownIssue


@dataclass(frozen=True, slots=True)
class IssueView:
    """What is shown of an issue. `history` is what only the listener knows (status, cause, fix), in sentences."""

    issue_id: str
    issue_type: str
    severity: Severity
    schema: str
    table: str
    column: str | None
    object_name: str | None
    current_state: str
    expected_state: str
    evidence: tuple[Evidence, ...]
    why_not_auto: str | None
    plan: Plan | None
    history: Mapping[str, str | None]
    site: CodeSite | None = None

    @property
    def where(self) -> str:
        """`schema.table.column` for people."""
        return ".".join(part for part in (self.schema, self.table, self.column) if part)

    @property
    def sentence(self) -> str:
        """What is wrong and what should be, in one line."""
        return f"{self.current_state} Expected: {self.expected_state}"


def view_reported(reported: Reported) -> IssueView:
    """An issue of a check."""
    return _view(reported.issue, reported.why_not_auto, reported.plan)


def view_in_code(issue: Issue) -> IssueView:
    """An issue of an application's code."""
    return _view(issue, "it is in code, which a person mends", None)


def _view(issue: Issue, why_not_auto: str | None, plan: Plan | None) -> IssueView:
    return IssueView(
        issue.issue_id,
        issue.issue_type,
        issue.severity,
        issue.schema,
        issue.table,
        issue.column or None,
        issue.object_name or None,
        issue.current_state,
        issue.expected_state,
        issue.evidence,
        why_not_auto,
        plan,
        {},
        issue.site,
    )


def view_shown(issue: ShownIssue) -> IssueView:
    """An issue of `pgmend.issue`, with who caused it and how far its fix came."""
    cause, fix, ignored = issue.cause, issue.fix, issue.ignored
    history = {
        "status": issue.status,
        "opened_at": issue.opened_at.isoformat(timespec="milliseconds"),
        "caused_by": cause
        and f"{cause.session_role} from {cause.application_name or 'an unnamed application'} by {cause.command_tag}"
        f" at {cause.occurred_at:%Y-%m-%d %H:%M:%S} UTC"
        + (f": {cause.statement}" if cause.statement else ""),
        "backlog": "it was there when pgmend was installed" if issue.backlog else None,
        "fix": fix and f"{fix.fix_id} is {fix.state}: {fix.summary}" + (f" ({fix.reason})" if fix.reason else ""),
        "resolved": issue.resolved_because,
        "ignored": ignored and f"by {ignored.by}: {ignored.reason}",
    }
    return IssueView(
        issue.issue_id,
        issue.issue_type,
        issue.severity,
        issue.schema,
        issue.table,
        issue.column,
        issue.object_name,
        issue.current_state,
        issue.expected_state,
        issue.evidence,
        None if issue.auto_fixable else issue.why_not_auto or "it has not been weighed yet",
        None,
        history,
        issue.site,
    )
