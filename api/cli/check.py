"""`pgmend check`: one full scan, read-only, on any database."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .asking import mustered
from .outcome import ExitCode, guarded, run
from .patience import telling
from .source import Dsn, find_source

if TYPE_CHECKING:
    from ...listener.check import CheckResult, IgnoredIssue
    from ...listener.judging.judge import CheckOutcome
    from ...listener.judging.roster import Roster
    from ..report.view import IssueView
    from .source import Source


class Format(StrEnum):
    """How issues are printed."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


class FailOn(StrEnum):
    """The mildest severity that makes the exit code 1."""

    CRITICAL = "critical"
    MEDIUM = "medium"
    LOW = "low"
    NEVER = "never"


FormatOption = Annotated[Format, typer.Option("--format", help="How to print the issues.")]
SelectOption = Annotated[
    list[str] | None, typer.Option("--select", help="Only these rules: names or issue types, several with commas.")
]
IgnoreOption = Annotated[list[str] | None, typer.Option("--ignore", help="All rules but these.")]
FailOnOption = Annotated[FailOn, typer.Option("--fail-on", help="Exit 1 if there is an issue at or above this.")]


def check(
    dsn: Dsn = None,
    select: SelectOption = None,
    ignore: IgnoreOption = None,
    format: FormatOption = Format.TEXT,
    fail_on: FailOnOption = FailOn.CRITICAL,
    code: Annotated[
        Path | None, typer.Option("--code", help="A folder with code whose joins say what columns mean.")
    ] = None,
) -> None:
    """Look at everything once, read-only; nothing need be installed.

    Exit codes: 0 clean, 1 issues at or above --fail-on, 2 wrong usage, 3 something could not be looked at.
    """
    source = guarded(lambda: find_source(dsn, code=code))
    roster = guarded(lambda: mustered(source.settings, select, ignore))
    result = run(scan(source, roster, with_plans=format in (Format.TEXT, Format.JSON)))
    _print(result, format)
    raise SystemExit(int(_exit_code(result, fail_on)))


async def scan(source: Source, roster: Roster, *, with_plans: bool = False) -> CheckResult:
    """One look, with what the folder's ignore file says set apart."""
    from ...listener import check as look
    from ...listener.connection import connect, connected
    from ...listener.ignore_file import IgnoreFile

    ignore_file = IgnoreFile.read(Path.cwd())
    doing = ["connecting"]
    with telling(lambda: doing[-1]):
        async with await connect(source.dsn, "check") as connection:
            with redirect_stdout(sys.stderr):  # own rules may print
                return await look.check(
                    connection,
                    source.settings,
                    roster=roster,
                    ignore_file=ignore_file,
                    with_plans=with_plans,
                    second=partial(connected, source.dsn, "check"),
                    progress=doing.append,
                )


def _print(result: CheckResult, wanted: Format) -> None:
    from ..report.view import view_reported

    match wanted:
        case Format.JSON:
            from ..report.document import check_document

            typer.echo(json.dumps(check_document(result), ensure_ascii=False, indent=2))
        case Format.TEXT:
            from ..report.paper import paper
            from ..report.terminal import print_check

            print_check(paper(), result)
        case _:
            for complaint in result.complaints:
                typer.echo(f"pgmend: {complaint}", err=True)
            issues = [view_reported(each) for each in result.issues]
            print_for_machines(issues, wanted, result.checks, result.ignored, result.unread)


def print_for_machines(
    issues: Sequence[IssueView],
    wanted: Format,
    checks: Sequence[CheckOutcome] = (),
    ignored: Sequence[IgnoredIssue] = (),
    unread: Sequence[str] = (),
) -> None:
    """Issues as SARIF or as GitHub's workflow commands."""
    if wanted is Format.SARIF:
        from ..report.sarif import sarif_document

        typer.echo(json.dumps(sarif_document(issues, checks, ignored, unread), ensure_ascii=False, indent=2))
        return
    from ..report.annotations import github_lines

    for line in github_lines(issues, checks, unread):
        typer.echo(line)


def _exit_code(result: CheckResult, fail_on: FailOn) -> ExitCode:
    if not result.saw_everything:
        return ExitCode.COULD_NOT_LOOK
    if fail_on is FailOn.NEVER:
        return ExitCode.CLEAN
    from ...listener.issue import Severity

    bad = any(each.issue.severity.rank <= Severity(fail_on.value).rank for each in result.issues)
    return ExitCode.ISSUES if bad else ExitCode.CLEAN
