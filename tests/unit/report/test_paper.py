"""Nothing that people are told is cut off: not in a narrow terminal, not in a pipe."""

from __future__ import annotations

from io import StringIO

import pytest
from pgmend.api.report.paper import Labelled, paper
from pgmend.api.report.terminal import issue_text
from pgmend.api.report.view import IssueView
from pgmend.listener.evidence import Evidence
from pgmend.listener.issue import Severity
from rich.console import Console

SAID = "3,997 of 4,000 rows have their value in public.payments(id), and the others have none: " + "é" * 90 + " end"
ISSUE = IssueView(
    issue_id="8e9ff54113d893db",
    issue_type="MISSING_FOREIGN_KEY",
    severity=Severity.CRITICAL,
    schema="public",
    table="transactions",
    column="payment_id",
    object_name="",
    current_state=SAID,
    expected_state="A foreign key.",
    evidence=(Evidence("containment", 3.0, SAID),),
    why_not_auto=SAID,
    plan=None,
    history={},
)


def written(console: Console, label: Labelled) -> list[str]:
    with console.capture() as capture:
        console.print(label)
    return capture.get().splitlines()


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_terminal_wraps_below_the_text_and_loses_nothing(width: int) -> None:
    lines = written(Console(file=StringIO(), width=width), Labelled("because:", SAID, indent=9, width=11))
    assert all(len(line) <= max(width, 40) for line in lines)
    assert lines[0].startswith("         because:   3,997")
    assert {line[:20].strip() for line in lines[1:]} <= {""}
    assert "".join(line[20:] for line in lines).replace(" ", "") == SAID.replace(" ", "")


def test_a_pipe_gets_each_line_whole(capsys: pytest.CaptureFixture[str]) -> None:
    paper().print(issue_text(ISSUE))
    out = capsys.readouterr().out.splitlines()
    assert [line.strip() for line in out if SAID in line] == [
        f"is:        {SAID}",
        f"because:   {SAID}",
        f"waits:     {SAID}",
    ]


def test_a_terminal_shows_all_of_an_issue() -> None:
    console = Console(file=StringIO(), width=60)
    with console.capture() as capture:
        console.print(issue_text(ISSUE))
    assert capture.get().count("end") == 3
