"""`pgmend plan`, `fix` and `rollback`: mending by hand, from plans that one can read first."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .asking import asking, issue_types
from .check import IgnoreOption, SelectOption
from .code_undo import is_of_code, undo_code
from .outcome import ExitCode, guarded, run
from .patience import stderr, telling
from .question import answer, confirm
from .source import Dsn, find_source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...listener.desk import Desk
    from ..bulk import Bulk
    from ..proposal import Proposal
    from .source import Source

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Code = Annotated[
    Path | None, typer.Option("--code", help="Your code: what has to change in it with a type is shown, as a patch.")
]
Issues = Annotated[list[str] | None, typer.Argument(metavar="[ISSUE_ID]...", help="Which; none is every open one.")]


class PlanFormat(StrEnum):
    """How plans are printed: for people, for `pgmend fix --plan`, or as a script for psql."""

    TEXT = "text"
    JSON = "json"
    SQL = "sql"


def plan(
    issue_ids: Issues = None,
    select: SelectOption = None,
    ignore: IgnoreOption = None,
    format: Annotated[PlanFormat, typer.Option("--format")] = PlanFormat.TEXT,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write to a file.")] = None,
    code: Code = None,
    dsn: Dsn = None,
) -> None:
    """Show the plans of all or some issues in the order in which they would be applied; applies nothing."""
    from ..proposal import render

    proposals = run(_plan(dsn, issue_ids or None, select, ignore, code))
    text = render(proposals, format.value, colour=output is None and sys.stdout.isatty())
    if output is None:
        typer.echo(text)
        return
    guarded(lambda: _write(output, text + "\n"))
    typer.echo(f"{len(proposals)} plans written to {output}.", err=True)


def fix(
    issue_ids: Issues = None,
    all_issues: Annotated[bool, typer.Option("--all", help="Every open issue: the whole backlog.")] = False,
    plan_file: Annotated[
        Path | None, typer.Option("--plan", help="Exactly the plans of this file (`pgmend plan --format json`).")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plans and apply nothing.")] = False,
    code: Code = None,
    yes: Yes = False,
    dsn: Dsn = None,
) -> None:
    """Approve and apply fixes. Where no listener leads, this command leads for as long as it takes.

    Exit codes: 0 all applied, 1 one was refused, deferred or failed, or named and for a person to decide.
    """
    if sum((bool(issue_ids), all_issues, plan_file is not None)) != 1:
        raise typer.BadParameter("Name issues, or give --all, or --plan FILE.")
    ended = run(_fix(dsn, issue_ids or None, plan_file, code, dry_run=dry_run, yes=yes))
    raise SystemExit(int(ended))


def rollback(fix_id: str, dsn: Dsn = None, yes: Yes = False) -> None:
    """Undo an applied fix, of the database or of code; what was written after it stays.

    Exit codes: 0 undone, 1 refused, failed, or waiting for somebody.
    """
    if not yes and sys.stdin.isatty():
        guarded(lambda: confirm(f"Undo fix {fix_id}?"))
    if guarded(lambda: is_of_code(fix_id)):
        run(undo_code(dsn, fix_id))
        raise SystemExit(int(ExitCode.CLEAN))
    raise SystemExit(int(run(_rollback(dsn, fix_id))))


async def _plan(
    dsn: str | None, issue_ids: list[str] | None, select: list[str] | None, ignore: list[str] | None, code: Path | None
) -> tuple[Proposal, ...]:
    wanted = issue_types(select, ignore)
    source = find_source(dsn)
    async with asking(dsn) as desk:
        return await _with_code(source, await _proposals(source, desk, issue_ids, wanted), code)


async def _fix(
    dsn: str | None,
    issue_ids: list[str] | None,
    plan_file: Path | None,
    code: Path | None,
    *,
    dry_run: bool,
    yes: bool,
) -> ExitCode:
    from ..bulk import Bulk
    from ..proposal import read_plan_file

    source = find_source(dsn)
    async with asking(dsn) as desk:
        wanted = read_plan_file(plan_file) if plan_file else None
        ids = list(wanted) if wanted is not None else issue_ids
        proposals = await _proposals(source, desk, ids, None)
        if dry_run or not yes:
            _show(await _with_code(source, proposals, code))
        if dry_run:
            return ExitCode.CLEAN
        bulk = Bulk(desk, stderr(), frozen=wanted)
        feasible = sum(each.feasible for each in proposals)
        if feasible and not yes:
            confirm(f"Apply these {feasible} fixes?")
        while proposals:
            proposals = await _round(source, desk, bulk, proposals, follows=ids is None, asks=not yes)
    tally = bulk.tally
    bad = tally.failed or tally.refused or (tally.left and ids is not None)
    return ExitCode.ISSUES if bad else ExitCode.CLEAN


async def _round(
    source: Source,
    desk: Desk,
    bulk: Bulk,
    proposals: tuple[Proposal, ...],
    *,
    follows: bool,
    asks: bool,
) -> tuple[Proposal, ...]:
    """Apply proposals; returns those that they brought to light and that somebody, once shown, wants applied too."""
    from ...listener.stand_in import leading

    if not any(each.feasible for each in proposals):
        await bulk.apply(proposals)
        return ()
    with telling(lambda: bulk.doing):
        async with leading(source.dsn, source.settings, desk):
            await bulk.apply(proposals)
            if follows or bulk.is_frozen:
                await bulk.keep_promises()
            if follows and not asks:
                await bulk.follow()
            if not (follows and asks):
                return ()
            found = [each for each in await bulk.brought_to_light() if each.feasible]
    if not found:
        return ()
    # Asked while no listener of this command leads: whoever thinks it over must not hold up its heartbeat.
    _show(found)
    return tuple(found) if answer(f"These {len(found)} came to light. Apply them too?") else ()


async def _rollback(dsn: str | None, fix_id: str) -> ExitCode:
    from ...listener.stand_in import leading
    from ..watching import UNDONE_OR_NOT, watch

    source = find_source(dsn)
    with telling(f"undoing fix {fix_id}"):
        async with asking(dsn) as desk:
            asked = await desk.rollback(fix_id)
            async with leading(source.dsn, source.settings, desk):
                ended = await watch(desk, asked.fix_id, UNDONE_OR_NOT)
    if ended.state == "rolled_back":
        typer.echo(f"Undone: {ended.summary}")
        return ExitCode.CLEAN
    typer.echo(f"Not undone ({ended.state}): {ended.reason}", err=True)
    return ExitCode.ISSUES


async def _proposals(
    source: Source, desk: Desk, issue_ids: list[str] | None, select: tuple[str, ...] | None
) -> tuple[Proposal, ...]:
    """Plans for those issues; or for every one there is, which where no listener does this command looks for itself."""
    from ...listener.stand_in import look
    from ..proposal import propose

    doing = ["connecting"]
    with telling(lambda: doing[-1]):
        if issue_ids is None and (await desk.status()).leader is None:
            doing.append("looking at everything")
            with redirect_stdout(sys.stderr):  # what is told on the way is no plan
                await look(source.dsn, source.settings, desk)
        return await propose(desk, issue_ids, select, doing.append)


async def _with_code(source: Source, proposals: tuple[Proposal, ...], code: Path | None) -> tuple[Proposal, ...]:
    """The proposals with what changes of the code, where somebody said which, here or by a setting."""
    from ...listener.connection import connect
    from ...listener.source.alongside import CodeAlongside
    from ..proposal import with_code

    root = code or source.settings.code
    if root is None:
        return proposals
    async with await connect(source.dsn, "plan") as connection:
        alongside = CodeAlongside(root, source.settings.code_exclude)
        return await with_code(proposals, alongside, connection, source.settings)


def _show(proposals: Sequence[Proposal]) -> None:
    from ..proposal import render

    typer.echo(render(proposals, "text", colour=sys.stdout.isatty()))


def _write(file: Path, text: str) -> None:
    from ...listener.errors import InvalidRequest

    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be written: {error.strerror}.") from error
