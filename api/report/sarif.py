"""Issues as SARIF 2.1.0, for code scanners: critical is an error, medium a warning, low a note."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from ...listener.issue import Severity
from ...listener.judging.judge import CheckOutcome
from .view import IssueView

_LEVELS = {Severity.CRITICAL: "error", Severity.MEDIUM: "warning", Severity.LOW: "note"}


def sarif_document(issues: Sequence[IssueView], checks: Sequence[CheckOutcome] = ()) -> dict[str, Any]:
    """One run; a rule that could not look is a notification, and then the run was not successful."""
    types = sorted({each.issue_type for each in issues} | {check.issue_type for check in checks})
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
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "invocations": [{"executionSuccessful": not blind, "toolExecutionNotifications": notifications}],
                "results": [_result(each) for each in issues],
            }
        ],
    }


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
        "locations": [{"logicalLocations": [place]}],
    }
