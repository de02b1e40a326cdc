"""Issues as workflow commands that GitHub shows beside a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...listener.issue import Severity
from ...listener.judging.judge import CheckOutcome
from ...listener.source.site import CodeSite
from .view import IssueView

_COMMANDS = {Severity.CRITICAL: "error", Severity.MEDIUM: "warning", Severity.LOW: "notice"}


def github_lines(
    issues: Sequence[IssueView], checks: Sequence[CheckOutcome] = (), unread: Sequence[str] = ()
) -> Iterator[str]:
    """A line per issue, then one per rule that could not look, then what was not read."""
    for issue in issues:
        title = _property(f"{issue.issue_type} {issue.where}")
        place = "" if issue.site is None else _place(issue.site)
        yield f"::{_COMMANDS[issue.severity]} {place}title={title}::{_message(f'{issue.sentence} ({issue.issue_id})')}"
    for check in checks:
        if check.status == "could_not_run":
            yield f"::error title={_property(check.issue_type)} could not run::{_message(check.reason or '')}"
    for gap in unread:
        yield f"::notice title=not read::{_message(gap)}"


def _place(site: CodeSite) -> str:
    """Columns of the annotation count from 1."""
    return f"file={_property(site.file)},line={site.line},col={site.column_offset + 1},"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
