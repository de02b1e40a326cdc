"""An analysis of code as people and scripts read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from ...listener.issue import Severity
from ...listener.judging.judge import CheckOutcome, CheckStatus
from ...listener.source.analysis import Analysis
from ...listener.source.outcome import Outcome
from ...listener.source.rewriting.mended import Mendings
from .document import SCHEMA_VERSION, ignored_document, issue_document
from .printable import one_line, printable
from .terminal import ignored_text, issue_text
from .view import IssueView


def analysis_document(outcome: Outcome, issues: Sequence[IssueView], mendings: Mendings) -> dict[str, Any]:
    """The one object that `pgmend analyze --format json` prints."""
    analysis = outcome.analysis
    extraction = analysis.extraction
    return {
        "schema_version": SCHEMA_VERSION,
        "server": analysis.server,
        "duration_ms": round(analysis.duration_ms, 1),
        "files": extraction.files,
        "lines": extraction.lines,
        "statements": len(extraction.statements),
        "asked": analysis.asked,
        "judged": analysis.judged,
        "not_live": dict(analysis.not_live),
        "dynamic": [
            {"file": each.site.file, "line": each.site.line, "column_offset": each.site.column, "call": each.said}
            for each in extraction.dynamic
        ],
        "unreadable": [{"file": each.path, "line": each.line, "reason": each.reason} for each in extraction.unreadable],
        "unseen": [
            {"file": each.site.file, "line": each.site.line, "column_offset": each.site.column, "reason": each.reason}
            for each in analysis.unseen
        ],
        "mending": {
            "ready": [each.issue_id for each in mendings.ready],
            "left": dict(mendings.left),
            "notes": [
                {"file": each.site.file, "line": each.site.line, "column_offset": each.site.column, "said": each.said}
                for each in mendings.notes
            ],
        },
        "issues": [issue_document(each) for each in issues],
        "ignored": [ignored_document(each) for each in outcome.ignored],
        "known": [each.issue_id for each in outcome.known],
        "gone": [each.issue_id for each in outcome.gone],
        "complaints": list(outcome.complaints),
    }


def unseen(analysis: Analysis) -> list[CheckOutcome]:
    """The files that could not be read and the statements that were not looked at, as checks that could not run."""
    said = [f"{each.path}:{each.line}: {each.reason}" for each in analysis.extraction.unreadable]
    said += [f"{each.site.file}:{each.site.line}: {each.reason}" for each in analysis.unseen]
    return [CheckOutcome("CODE", "analyze", CheckStatus.COULD_NOT_RUN, reason=each) for each in said]


def dynamic(analysis: Analysis) -> list[str]:
    """The calls whose SQL only runs know, a sentence each."""
    return [
        f"{each.site.file}:{each.site.line}: its SQL is known only when it runs: {each.said}"
        for each in analysis.extraction.dynamic
    ]


def left_and_notes(mendings: Mendings) -> list[str]:
    """What stays of what could have been mended, and whom the mending concerns, a line each."""
    said = [f"not mended: {one_line(why)}" for why in dict.fromkeys(mendings.left.values())]
    return said + [f"look at {one_line(f'{each.site.file}:{each.site.line}: {each.said}')}" for each in mendings.notes]


def print_analysis(console: Console, outcome: Outcome, issues: Sequence[IssueView], mendings: Mendings) -> None:
    """What was found, worst first, then what was not judged, what can be mended, and the figures."""
    analysis = outcome.analysis
    extraction = analysis.extraction
    for each in issues:
        console.print(issue_text(each))
    for unreadable in extraction.unreadable:
        place = f"{unreadable.path}:{unreadable.line}"
        console.print(Text(f"could not be read: {one_line(place)}: {printable(unreadable.reason)}", "bold magenta"))
    for each in analysis.unseen:
        place = f"{each.site.file}:{each.site.line}"
        console.print(Text(f"not judged: {one_line(place)}: {printable(each.reason)}", "bold magenta"))
    for said in dynamic(analysis):
        console.print(Text(f"dynamic: {one_line(said)}", "dim"))
    for reason, number in analysis.not_live.items():
        console.print(Text(f"not judged: {number} statements: {one_line(reason)}", "dim"))
    for said in left_and_notes(mendings):
        console.print(Text(said, "yellow"))
    if mendings.ready:
        edited = len(mendings.edits())
        console.print(
            Text(
                f"{len(mendings.ready)} of these can be mended in {edited} files: --diff shows how, --write does it",
                "bold green",
            )
        )
    for each in outcome.ignored:
        console.print(ignored_text(each))
    for each in outcome.gone:
        console.print(Text(one_line(f"no more: {each}: take it out of the baseline"), "dim"))
    for each in outcome.complaints:
        console.print(Text(f"ignoring: {printable(each)}", "yellow"))
    counts = Counter(each.severity for each in issues)
    summary = ", ".join(f"{counts[severity]} {severity.value}" for severity in Severity)
    verdict = summary if issues or not analysis.saw_everything else "nothing is wrong"
    verdict += f", {len(outcome.ignored)} ignored" if outcome.ignored else ""
    verdict += f", {len(outcome.known)} of the baseline" if outcome.known else ""
    console.print(
        Text(
            f"{analysis.server}: {analysis.asked} statements in {extraction.files} files, {analysis.judged} judged in"
            f" full, {len(extraction.dynamic)} dynamic, in {analysis.duration_ms:.0f} ms: {verdict}",
            style="bold",
        )
    )
