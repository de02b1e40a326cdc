"""Issues and plans as people read them in a terminal. Names from the database are text: no escape sequence survives."""

from __future__ import annotations

from collections import Counter

from rich.console import Console, Group, RenderableType
from rich.text import Text

from ...listener.check import CheckResult, IgnoredIssue
from ...listener.fixes.plan import Plan
from ...listener.issue import Severity
from ...listener.source.site import CodeSite
from .paper import Labelled
from .printable import one_line, printable
from .script import plan_lines
from .view import IssueView, view_reported

STYLES = {Severity.CRITICAL: "bold red", Severity.MEDIUM: "yellow", Severity.LOW: "dim"}


def print_check(console: Console, result: CheckResult) -> None:
    """What a check found, worst first, and what it could not see."""
    for reported in result.issues:
        console.print(issue_text(view_reported(reported)))
    blind = [check for check in result.checks if check.status == "could_not_run"]
    for check in blind:
        console.print(Text(f"could not run: {check.issue_type}: {printable(check.reason or '')}", style="bold magenta"))
    for gap in result.unread:
        console.print(Text(f"not read: {printable(gap)}", style="magenta"))
    for each in result.ignored:
        console.print(ignored_text(each))
    for complaint in result.complaints:
        console.print(Text(f"ignore file: {printable(complaint)}", style="yellow"))
    counts = Counter(each.issue.severity for each in result.issues)
    summary = ", ".join(f"{counts[severity]} {severity.value}" for severity in Severity)
    verdict = summary if result.issues or blind else "nothing is wrong"
    verdict += f", {len(result.ignored)} ignored" if result.ignored else ""
    console.print(
        Text(f"{result.server}: {result.tables} tables in {result.duration_ms:.0f} ms: {verdict}", style="bold")
    )


def ignored_text(ignored: IgnoredIssue) -> Text:
    """One line on an issue that somebody lives with."""
    issue, said = ignored.issue, ignored.ignoring
    where = ".".join(filter(None, (issue.schema, issue.table, issue.column)))
    where += f"  {issue.site.file}:{issue.site.line}" if issue.site else ""
    until = f" until {said.until:%Y-%m-%d %H:%M} UTC" if said.until else ""
    return Text(
        one_line(f"ignored  {issue.issue_type} {where}  {issue.issue_id}  by {said.owner}{until}: {said.reason}"),
        style="dim",
    )


def issue_text(issue: IssueView) -> RenderableType:
    """One issue with its evidence, its history, and what can be done."""
    head = Text.assemble(
        (f"{issue.severity.value:<8} ", STYLES[issue.severity]),
        (f"{issue.issue_type} ", "bold"),
        one_line(issue.where),
        (f"  {issue.issue_id}", "dim"),
    )
    lines = [
        *(_sited(issue.site) if issue.site is not None else ()),
        _said("is:", issue.current_state),
        _said("expected:", issue.expected_state),
        *(_said("against:" if each.against else "because:", each.seen, "dim") for each in issue.evidence),
        *(_said(f"{name.replace('_', ' ')}:", said, "dim") for name, said in issue.history.items() if said),
    ]
    if issue.plan is not None:
        refusal = issue.plan.refusal
        doing = f"refused: {refusal}" if refusal else issue.plan.summary
        lines.append(_said("plan:", doing, "magenta" if refusal else "green"))
    if issue.why_not_auto:
        lines.append(_said("waits:", issue.why_not_auto, "dim"))
    return Group(head, *lines)


def _sited(site: CodeSite) -> list[RenderableType]:
    said = " ".join(site.statement.split())
    shown = said if len(said) <= 300 else said[:300] + " …"
    return [
        _said("in:", one_line(f"{site.file}:{site.line}:{site.column_offset + 1}")),
        _said("SQL:", one_line(shown), "dim"),
    ]


def plan_text(plan: Plan, *, only_read: str | None = None) -> RenderableType:
    """A plan step by step: statements, locks, hazards, proofs, inverse. `only_read`: why it should not be run."""
    lines: list[RenderableType] = [Text(printable(plan.summary), style="bold")]
    if plan.refusal:
        lines.append(Text(f"refused: {printable(plan.refusal)}", style="magenta"))
    if plan.hazards:
        lines.append(Text("hazards: " + ", ".join(hazard.value for hazard in plan.hazards), style="yellow"))
    lines += [Text(f"lock: {lock.mode} on {printable(lock.relation)}", style="dim") for lock in plan.locks]
    for proof in plan.proofs:
        lines.append(Text(f"proof: {proof.name}: {proof.verdict.value} ({printable(proof.figures)})", style="dim"))
        if proof.alone:
            lines += [Text(f"  {printable(example)}", style="dim") for example in proof.counter_examples]
    lines += [Text(line) for line in plan_lines(plan, only_read=only_read)]
    return Group(*lines)


def _said(label: str, said: str, style: str = "") -> Labelled:
    return Labelled(label, printable(said), style, indent=9, width=11)
