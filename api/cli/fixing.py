"""`pgmend plan`, `fix` and `rollback`: mending by hand, from plans that one can read first."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .asking import asking
from .outcome import ExitCode, run
from .source import Dsn, find_source

if TYPE_CHECKING:
    from ...listener.desk import Desk
    from ..bulk import Proposal

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Issues = Annotated[list[str] | None, typer.Argument(metavar="[ISSUE_ID]...", help="Which; none is every open one.")]


class PlanFormat(StrEnum):
    """How plans are printed: for people, for `pgmend fix --plan`, or as a script for psql."""

    TEXT = "text"
    JSON = "json"
    SQL = "sql"


def plan(
    issue_ids: Issues = None,
    select: Annotated[str | None, typer.Option("--select", help="Only this issue type.")] = None,
    format: Annotated[PlanFormat, typer.Option("--format")] = PlanFormat.TEXT,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write to a file.")] = None,
    dsn: Dsn = None,
) -> None:
    """Show the plans of all or some issues in the order in which they would be applied; applies nothing."""
    from ..bulk import render

    async def work() -> tuple[Proposal, ...]:
        async with asking(dsn) as desk:
            return await _proposals(desk, issue_ids, select)

    proposals = run(work())
    text = render(proposals, format.value, colour=output is None and sys.stdout.isatty())
    if output is None:
        typer.echo(text)
    else:
        output.write_text(text + "\n", encoding="utf-8")
        typer.echo(f"{len(proposals)} plans written to {output}.", err=True)


def fix(
    issue_ids: Issues = None,
    all_issues: Annotated[bool, typer.Option("--all", help="Every open issue: the whole backlog.")] = False,
    plan_file: Annotated[
        Path | None, typer.Option("--plan", help="Exactly the plans of this file (`pgmend plan --format json`).")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plans and apply nothing.")] = False,
    yes: Yes = False,
    dsn: Dsn = None,
) -> None:
    """Approve and apply fixes. Where no listener leads, this command leads for as long as it takes.

    Exit codes: 0 all applied, 1 one was refused, deferred or failed.
    """
    if sum((bool(issue_ids), all_issues, plan_file is not None)) != 1:
        raise typer.BadParameter("Name issues, or give --all, or --plan FILE.")
    code = run(_fix(dsn, issue_ids, plan_file, dry_run, yes))
    raise SystemExit(int(code))


def rollback(fix_id: str, dsn: Dsn = None, yes: Yes = False) -> None:
    """Undo an applied fix; what was written after it stays."""
    if not yes and sys.stdin.isatty():
        typer.confirm(f"Undo fix {fix_id}?", abort=True, err=True)
    raise SystemExit(int(run(_rollback(dsn, fix_id))))


async def _fix(
    dsn: str | None, issue_ids: list[str] | None, plan_file: Path | None, dry_run: bool, yes: bool
) -> ExitCode:
    from rich.console import Console

    from ...listener.desk import Connections, Desk
    from ...listener.stand_in import leading
    from ..bulk import Bulk, read_plan_file, render

    source = find_source(dsn)
    console = Console(stderr=True, soft_wrap=True)
    async with Connections(source.dsn, "command", 1) as connections:
        desk = Desk(connections, source.settings)
        wanted = read_plan_file(plan_file) if plan_file else None
        ids = list(wanted) if wanted is not None else issue_ids
        proposals = await _proposals(desk, ids, None)
        if dry_run or not yes:
            typer.echo(render(proposals, "text", colour=sys.stdout.isatty()))
        if dry_run:
            return ExitCode.CLEAN
        if not yes:
            typer.confirm(f"Apply these {sum(each.feasible for each in proposals)} fixes?", abort=True, err=True)
        async with leading(source.dsn, source.settings, desk):
            bulk = Bulk(desk, console, frozen=wanted, follow=ids is None)
            return ExitCode.CLEAN if await bulk.apply(proposals) else ExitCode.ISSUES


async def _rollback(dsn: str | None, fix_id: str) -> ExitCode:
    from ...listener.desk import Connections, Desk
    from ...listener.stand_in import leading
    from ..bulk import watch

    source = find_source(dsn)
    async with Connections(source.dsn, "command", 1) as connections:
        desk = Desk(connections, source.settings)
        asked = await desk.rollback(fix_id)
        async with leading(source.dsn, source.settings, desk):
            ended = await watch(desk, asked.fix_id, frozenset({"rolled_back", "applied", "failed", "refused"}))
    if ended.state == "rolled_back":
        typer.echo(f"Undone: {ended.summary}")
        return ExitCode.CLEAN
    typer.echo(f"Not undone ({ended.state}): {ended.reason}", err=True)
    return ExitCode.ISSUES


async def _proposals(desk: Desk, issue_ids: list[str] | None, select: str | None) -> tuple[Proposal, ...]:
    from ..bulk import propose

    return await propose(desk, issue_ids, select)
