"""Issues as SARIF 2.1.0, for code scanners: critical is an error, medium a warning, low a note."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

from ...listener.check import IgnoredIssue, Reported
from ...listener.issue import Issue, Severity
from ...listener.judging.judge import CheckOutcome
from ...listener.source.site import CodeSite
from .view import IssueView, view_reported

_LEVELS = {Severity.CRITICAL: "error", Severity.MEDIUM: "warning", Severity.LOW: "note"}


def sarif_document(
    issues: Sequence[IssueView],
    checks: Sequence[CheckOutcome] = (),
    ignored: Sequence[IgnoredIssue] = (),
    unread: Sequence[str] = (),
    known: Sequence[Issue] = (),
) -> dict[str, Any]:
    """One run; a rule that could not look is a notification, and then the run was not successful.

    What is ignored is a result that is suppressed, with who and why, `known` is by a baseline; what was not read is a
    note.
    """
    found = {each.issue_type for each in (*issues, *known)} | {each.issue.issue_type for each in ignored}
    types = sorted(found | {check.issue_type for check in checks})
    blind = [check for check in checks if check.status == "could_not_run"]
    driver = {"name": "pgmend", "version": version("pgmend"), "rules": [{"id": each} for each in types]}
    notifications = [
        {
            "level": "error",
            "descriptor": {"id": check.issue_type},
            "message": {"text": check.reason or "could not run"},
        }
        for check in blind
    ]
    notifications += [{"level": "note", "message": {"text": gap}} for gap in unread]
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "invocations": [{"executionSuccessful": not blind, "toolExecutionNotifications": notifications}],
                "results": [*map(_result, issues), *map(_suppressed, ignored), *map(_known, known)],
            }
        ],
    }


def _suppressed(ignored: IgnoredIssue) -> dict[str, Any]:
    said = ignored.ignoring
    suppression = {"kind": "external", "justification": f"{said.owner}: {said.reason} ({ignored.said_in})"}
    return _result(view_reported(Reported(ignored.issue, None, None))) | {"suppressions": [suppression]}


def _known(issue: Issue) -> dict[str, Any]:
    suppression = {"kind": "external", "justification": "it is in the baseline"}
    return _result(view_reported(Reported(issue, None, None))) | {"suppressions": [suppression]}


def _physical(site: CodeSite) -> dict[str, Any]:
    """Columns count from 1 there; the text of the statement is its snippet."""
    region = {"startLine": site.line, "startColumn": site.column_offset + 1, "snippet": {"text": site.statement}}
    return {"physicalLocation": {"artifactLocation": {"uri": quote(site.file)}, "region": region}}


def _result(issue: IssueView) -> dict[str, Any]:
    place = {
        "name": issue.column or issue.table,
        "fullyQualifiedName": issue.where,
        "kind": "member" if issue.column else "type",
    }
    return {
        "ruleId": issue.issue_type,
        "level": _LEVELS[issue.severity],
        "message": {"text": issue.sentence},
        "partialFingerprints": {"pgmend/issue_id": issue.issue_id},
        "locations": [{"logicalLocations": [place]} | ({} if issue.site is None else _physical(issue.site))],
    }
