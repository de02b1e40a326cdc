"""Issues and plans as JSON values; `schema_version` 1 of what scripts may rely on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ...listener.check import CheckResult, IgnoredIssue
from ...listener.fixes.plan import Plan
from ...listener.source.site import CodeSite
from .view import IssueView, view_reported

SCHEMA_VERSION = 1


def check_document(result: CheckResult) -> dict[str, Any]:
    """The one object that `pgmend check --format json` prints."""
    return {
        "schema_version": SCHEMA_VERSION,
        "server": result.server,
        "duration_ms": round(result.duration_ms, 1),
        "tables": result.tables,
        "checks": [
            {
                "rule": each.stem,
                "issue_type": each.issue_type,
                "status": each.status.value,
                "issues": each.issues,
                "reason": each.reason,
            }
            for each in result.checks
        ],
        "issues": [issue_document(view_reported(each)) for each in result.issues],
        "ignored": [ignored_document(each) for each in result.ignored],
        "complaints": list(result.complaints),
        "unread": list(result.unread),
    }


def ignored_document(ignored: IgnoredIssue) -> dict[str, Any]:
    """An issue that somebody lives with, and who said so where."""
    issue, said = ignored.issue, ignored.ignoring
    return {
        "issue_id": issue.issue_id,
        "issue_type": issue.issue_type,
        "schema": issue.schema,
        "table": issue.table,
        "column": issue.column or None,
        "object": issue.object_name or None,
        **({} if issue.site is None else {"file": issue.site.file, "line": issue.site.line}),
        "reason": said.reason,
        "owner": said.owner,
        "until": said.until and said.until.isoformat(),
        "said_in": ignored.said_in,
    }


def issues_document(issues: Iterable[IssueView]) -> dict[str, Any]:
    """What `pgmend issues --format json` prints."""
    return {"schema_version": SCHEMA_VERSION, "issues": [issue_document(each) for each in issues]}


def issue_document(issue: IssueView) -> dict[str, Any]:
    """One issue with its evidence, its plan, and what the listener knows of it."""
    return {
        "issue_id": issue.issue_id,
        "issue_type": issue.issue_type,
        "severity": issue.severity.value,
        "schema": issue.schema,
        "table": issue.table,
        "column": issue.column,
        "object": issue.object_name,
        "current_state": issue.current_state,
        "expected_state": issue.expected_state,
        "evidence": [
            {"kind": each.kind, "weight": each.weight, "seen": each.seen, "against": each.against}
            for each in issue.evidence
        ],
        "auto_fixable": issue.why_not_auto is None,
        "why_not_auto": issue.why_not_auto,
        "plan": None if issue.plan is None else plan_document(issue.plan),
        **issue.history,
        **({} if issue.site is None else _site_document(issue.site)),
    }


def _site_document(site: CodeSite) -> dict[str, Any]:
    return {
        "file": site.file,
        "line": site.line,
        "column_offset": site.column_offset,
        "sqlstate": site.sqlstate,
        "statement": site.statement,
    }


def plan_document(plan: Plan) -> dict[str, Any]:
    """A plan as people review it: what runs, under which locks, with which dangers, and what undoes it."""
    whole = json.loads(plan.to_json())
    return {
        "plan_hash": plan.plan_hash,
        "kind": plan.kind,
        "summary": plan.summary,
        "statements": [statement for step in plan.steps for statement in step.statements],
        "steps": [
            {"title": step.title, "transactional": step.transactional, "statements": list(step.statements)}
            for step in plan.steps
        ],
        "locks": [{"mode": lock.mode, "relation": lock.relation} for lock in plan.locks],
        "hazards": [hazard.value for hazard in plan.hazards],
        "proofs": whole["proofs"],
        "checks": [{"name": check.name, "meaning": check.meaning} for check in plan.checks],
        "inverse": [statement for step in plan.inverse for statement in step.statements],
        "no_inverse": plan.no_inverse,
        "notes": list(plan.notes),
        "affected_rows": plan.affected_rows,
        "estimate_ms": plan.estimate_ms,
        "cast_class": whole["cast_class"],
        "restores": plan.restores,
        "needs_approval": plan.needs_approval,
        "refusal": plan.refusal,
        "waits_for": plan.waits_for,
        "afterwards": None if plan.afterwards is None else plan_document(plan.afterwards),
    }
