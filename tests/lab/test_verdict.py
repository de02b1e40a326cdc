"""Findings and verdicts must agree, both ways."""

from __future__ import annotations

from pgmend.listener.issue import Issue, Severity

from .verdict import Opinion, Place, Verdict, objections


def issue(issue_type: str, table: str, severity: Severity = Severity.MEDIUM) -> Issue:
    return Issue("id", issue_type, severity, "public", table, "", "", 1, "is", "should")


def verdict(issue_type: str, table: str, opinion: Opinion = Opinion.TRUE) -> Verdict:
    return Verdict(Place(issue_type, table, "", ""), opinion, "because")


def test_agreement_is_silent() -> None:
    issues = [issue("A", "t", Severity.CRITICAL), issue("B", "t"), issue("C", "t", Severity.LOW)]
    assert objections(issues, [verdict("A", "t", Opinion.INTENDED), verdict("B", "t", Opinion.FALSE)]) == []


def test_an_issue_without_a_verdict_is_named() -> None:
    assert objections([issue("A", "t"), issue("A", "u")], [verdict("A", "t")]) == ["no verdict on: A u"]


def test_a_verdict_without_an_issue_is_named() -> None:
    assert objections([], [verdict("A", "t")]) == ["a verdict on what was not found: A t"]


def test_a_critical_issue_must_not_be_false() -> None:
    findings = [issue("A", "t", Severity.CRITICAL)]
    assert objections(findings, [verdict("A", "t", Opinion.FALSE)]) == ["critical and false: A t"]
