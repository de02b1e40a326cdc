"""`pgmend issues` and `pgmend ignore`: what is known to be wrong, and what one lives with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from .asking import asking, issue_type, moment
from .check import FailOn, Format, print_for_machines
from .outcome import ExitCode, run
from .source import Dsn

if TYPE_CHECKING:
    from ...listener.desk import ShownIssue


def issues(
    issue_id: Annotated[str | None, typer.Argument(help="One issue with its evidence and cause.")] = None,
    severity: Annotated[str | None, typer.Option("--severity", help="critical, medium or low.")] = None,
    select: Annotated[str | None, typer.Option("--select", help="Only this issue type.")] = None,
    table: Annotated[str | None, typer.Option("--table", help="`table` or `schema.table`.")] = None,
    all: Annotated[bool, typer.Option("--all", help="Resolved and ignored ones too.")] = False,
    dsn: Dsn = None,
    format: Annotated[Format, typer.Option("--format")] = Format.TEXT,
    fail_on: Annotated[FailOn, typer.Option("--fail-on")] = FailOn.NEVER,
) -> None:
    """The issues that the listener knows, worst first."""

    async def work() -> tuple[ShownIssue, ...]:
        wanted = issue_type(select)
        async with asking(dsn) as desk:
            return await _read(desk, issue_id, severity, wanted, table, all)

    found = run(work())
    _print(found, format)
    from ...listener.issue import Severity

    limit = None if fail_on is FailOn.NEVER else Severity(fail_on.value).rank
    if limit is not None and any(each.status == "open" and each.severity.rank <= limit for each in found):
        raise SystemExit(int(ExitCode.ISSUES))


def ignore(
    issue_id: str,
    reason: Annotated[str, typer.Option("--reason", help="Why one lives with it.")],
    until: Annotated[str | None, typer.Option("--until", help="A time such as 2026-03-01T06:00+01:00.")] = None,
    dsn: Dsn = None,
) -> None:
    """Hide one issue and leave it alone: what was on its way to fix it is withdrawn.

    It is open again when its time is over or its definition changes; `pgmend fix` mends it all the same.
    """

    from ...listener.issue import qualified

    async def work() -> ShownIssue:
        async with asking(dsn) as desk:
            return await desk.ignore(issue_id, reason, moment(until))

    issue = run(work())
    typer.echo(f"Ignored: {issue.issue_type} on {qualified(issue.schema, issue.table)}.")


async def _read(
    desk: object, issue_id: str | None, severity: str | None, select: str | None, table: str | None, everything: bool
) -> tuple[ShownIssue, ...]:
    from ...listener.desk import Desk, IssueFilter
    from ...listener.errors import InvalidRequest
    from ...listener.issue import Severity

    assert isinstance(desk, Desk)
    if issue_id:
        return (await desk.issue(issue_id),)
    try:
        wanted = Severity(severity) if severity else None
    except ValueError:
        raise InvalidRequest(f"There is no severity {severity!r}; write critical, medium or low.") from None
    asked = IssueFilter(None if everything else "open", wanted, select, table)
    found: list[ShownIssue] = []
    while True:
        page = (await desk.issues(asked, limit=500, offset=len(found))).page
        found += page.items
        if len(found) >= page.total or not page.items:
            return tuple(found)


def _print(found: tuple[ShownIssue, ...], wanted: Format) -> None:
    from ..report.view import view_shown

    views = [view_shown(each) for each in found]
    if wanted is Format.JSON:
        from ..report.document import issues_document

        typer.echo(json.dumps(issues_document(views), ensure_ascii=False, indent=2))
    elif wanted is Format.TEXT:
        from rich.console import Console

        from ..report.terminal import issue_text

        console = Console(soft_wrap=True)
        for view in views:
            console.print(issue_text(view))
        console.print(f"{len(views)} issues" if views else "No issues.")
    else:
        print_for_machines(views, wanted)
