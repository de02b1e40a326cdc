"""`pgmend issues` and `pgmend ignore`: what is known to be wrong, and what one lives with."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .asking import asking, issue_types, moment, mustered
from .check import FailOn, Format, IgnoreOption, SelectOption, print_for_machines, scan
from .outcome import ExitCode, guarded, run
from .source import Dsn, find_source

if TYPE_CHECKING:
    from ...listener.desk import ShownIssue
    from ...listener.source.outcome import Outcome
    from .source import Source


def issues(
    issue_id: Annotated[str | None, typer.Argument(help="One issue with its evidence and cause.")] = None,
    severity: Annotated[str | None, typer.Option("--severity", help="critical, medium or low.")] = None,
    select: SelectOption = None,
    ignore: IgnoreOption = None,
    table: Annotated[str | None, typer.Option("--table", help="`table` or `schema.table`.")] = None,
    all: Annotated[bool, typer.Option("--all", help="Resolved and ignored ones too.")] = False,
    dsn: Dsn = None,
    format: Annotated[Format, typer.Option("--format")] = Format.TEXT,
    fail_on: Annotated[FailOn, typer.Option("--fail-on")] = FailOn.NEVER,
) -> None:
    """The issues that the listener knows, worst first."""

    async def work() -> tuple[ShownIssue, ...]:
        wanted = issue_types(select, ignore)
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
    write: Annotated[
        bool, typer.Option("--write", help="Add it to pgmend-ignore.toml here instead; pgmend need not be installed.")
    ] = False,
    owner: Annotated[str | None, typer.Option("--owner", help="With --write: who answers for it.")] = None,
    code: Annotated[
        Path | None,
        typer.Option("--code", help="With --write: the code that the issue is in, as analyze was given it."),
    ] = None,
    dsn: Dsn = None,
) -> None:
    """Hide one issue and leave it alone: what was on its way to fix it is withdrawn.

    It is open again when its time is over or its definition changes; `pgmend fix` mends it all the same.
    """
    if write:
        _write_entry(dsn, issue_id, reason, owner, until, code)
        return
    if code is not None:
        raise typer.BadParameter("--code goes with --write; the database knows the issue by its id.")
    if owner is not None:
        raise typer.BadParameter("--owner goes with --write; in the database it is the role that says so.")

    from ...listener.issue import qualified

    async def work() -> ShownIssue:
        async with asking(dsn) as desk:
            return await desk.ignore(issue_id, reason, moment(until))

    issue = run(work())
    typer.echo(f"Ignored: {issue.issue_type} on {qualified(issue.schema, issue.table)}.")


def _write_entry(
    dsn: str | None, issue_id: str, reason: str, owner: str | None, until: str | None, code: Path | None
) -> None:
    """Look for the issue, and put the entry for it as it is now at the end of the file."""
    from ...listener.errors import InvalidRequest, NotFound
    from ...listener.ignore_file import FILE_NAME, entry_text

    if not reason.strip() or not (owner or "").strip():
        raise typer.BadParameter("An entry takes a reason and an --owner.")
    end = guarded(lambda: moment(until))
    if end is not None and end <= datetime.now(UTC):
        raise typer.BadParameter(f"The time until which to ignore ({until}) is over.")
    source = guarded(lambda: find_source(dsn))
    if code is None:
        result = run(scan(source, guarded(lambda: mustered(source.settings))))
        issues, ignored, shows = [each.issue for each in result.issues], result.ignored, "check"
    else:
        outcome = _analyzed(source, code)
        issues, ignored, shows = list(outcome.issues), outcome.ignored, f"analyze {code}"

    def write() -> None:
        if any(each.issue.issue_id == issue_id for each in ignored):
            raise InvalidRequest(f"Issue {issue_id} is ignored already.")
        found = next((each for each in issues if each.issue_id == issue_id), None)
        if found is None:
            raise NotFound(f"There is no issue {issue_id} now; `pgmend {shows}` shows them.")
        with Path(FILE_NAME).open("a", encoding="utf-8") as file:
            file.write(("\n" if file.tell() else "") + entry_text(found, reason, owner or "", end))

    guarded(write)
    typer.echo(f"Written to {FILE_NAME}; commit it.")


def _analyzed(source: Source, code: Path) -> Outcome:
    from .code import judge_code, mustered_panel, read_aside, read_code

    panel = guarded(lambda: mustered_panel(source.settings, None, None))
    aside = guarded(lambda: read_aside(code, (), None, None, None, None))
    extraction = guarded(lambda: read_code(code, (), keeping=True))
    return run(judge_code(source, extraction, panel, aside))[0]


async def _read(
    desk: object,
    issue_id: str | None,
    severity: str | None,
    types: tuple[str, ...] | None,
    table: str | None,
    everything: bool,
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
    asked = IssueFilter(None if everything else "open", wanted, types, table)
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
        from ..report.paper import paper
        from ..report.terminal import issue_text

        console = paper()
        for view in views:
            console.print(issue_text(view))
        console.print(f"{len(views)} issues" if views else "No issues.")
    else:
        print_for_machines(views, wanted)
