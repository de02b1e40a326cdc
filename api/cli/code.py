"""What `pgmend analyze` and other commands share that read code."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .outcome import ExitCode
from .source import Source, find_source

if TYPE_CHECKING:
    from ...listener.ignore_file import IgnoreFile
    from ...listener.settings import Settings
    from ...listener.source.analysis import Analysis
    from ...listener.source.baseline import Baseline
    from ...listener.source.extracted import Extraction
    from ...listener.source.outcome import Outcome
    from ...listener.source.panel import Panel
    from ...listener.source.rewriting.mended import Mendings
    from ...listener.store.ignored import Ignoring

BaselineOption = Annotated[
    Path | None, typer.Option("--baseline", help="Tell only what is not in this file of known issues.")
]
WriteBaselineOption = Annotated[
    Path | None, typer.Option("--write-baseline", help="Have all issues of now in this file; then they are known.")
]
MigrationsOption = Annotated[
    str | None,
    typer.Option(
        "--migrations",
        metavar="CMD|PATH",
        help="Judge by the schema that this command builds, or a folder of .sql files, on a server started for it.",
    ),
]
MigrationsTimeoutOption = Annotated[
    int, typer.Option("--migrations-timeout", min=1, help="After so many seconds the command is ended.")
]
NoCacheOption = Annotated[
    bool, typer.Option("--no-cache", help="Read every file anew, and keep nothing in the folder of this user's caches.")
]


def read_code(path: Path, exclude: Sequence[str], *, keeping: bool) -> Extraction:
    """The statements of the code; with `keeping`, what did not change since the last run is not read again. Raises
    CouldNotLook where there is no Python file: of what nobody looked at nothing is said."""
    from ...listener.errors import CouldNotLook
    from ...listener.source.extraction import extract
    from ...listener.source.folder import is_python
    from ...listener.source.reading import Reader
    from ...listener.source.shelf import Shelf

    shelf = Shelf.of_user() if keeping else None
    found = extract(path, exclude, Reader(shelf))
    if shelf is not None and shelf.complaint is not None:
        typer.echo(f"pgmend: the cache of code: {shelf.complaint}; --no-cache does without", err=True)
    if path.is_dir():
        seen = bool(found.files or found.unreadable)
    else:
        seen = bool(found.statements or found.dynamic) or is_python(path)
    if not seen:
        raise CouldNotLook(f"There is no Python file below {path}: nothing was looked at.")
    return found


def mustered_panel(settings: Settings, select: Sequence[str] | None, ignore: Sequence[str] | None) -> Panel:
    """What is judged in code by settings and flags; a wrong setting of any rule is an error as for `pgmend check`. Own
    rules judge nothing in code, and are not loaded: where they are may be said by a stranger's pull request."""
    from ...listener.journal import configure_journal
    from ...listener.judging.roster import Roster
    from ...listener.source.panel import Panel

    configure_journal(settings)
    Roster.without_own_rules(settings)
    return Panel.muster(settings, select or (), ignore or ())


_TERMINATED = "terminated"


@dataclass(frozen=True, slots=True)
class Aside:
    """What says which issues of the code at `path` are not told. `whole`: it is the folder that the ignore file is
    in."""

    path: Path
    exclude: Sequence[str]
    ignore_file: IgnoreFile | None
    baseline: Baseline | None
    whole: bool


def read_aside(
    path: Path,
    exclude: Sequence[str],
    baseline: Path | None,
    write_baseline: Path | None,
    select: Sequence[str] | None,
    ignore: Sequence[str] | None,
) -> Aside:
    """The ignore file of this folder and the baseline, before anything else takes time; raises InvalidRequest."""
    from ...listener.errors import InvalidRequest
    from ...listener.ignore_file import IgnoreFile
    from ...listener.source.baseline import Baseline

    if write_baseline is not None and (select or ignore):
        raise InvalidRequest("A baseline is of all issues: leave out --select and --ignore with --write-baseline.")
    return Aside(
        path,
        exclude,
        IgnoreFile.read(Path.cwd()),
        None if baseline is None else Baseline.read(baseline),
        path.resolve() == Path.cwd(),
    )


def find_schema(dsn: str | None, migrations: str | None) -> Source:
    """The database to judge by; with migrations none is named, since one is made. Raises SettingsError."""
    from ...listener.errors import InvalidRequest
    from ...listener.settings import load_settings

    if migrations is None:
        return find_source(dsn)
    if dsn is not None:
        raise InvalidRequest("--dsn and --migrations name two schemas; leave one of them out.")
    return Source("", load_settings()[0])


async def judge_built(
    source: Source, extraction: Extraction, panel: Panel, aside: Aside, migrations: str, seconds: int
) -> tuple[Outcome, Mendings]:
    """The code against the schema that the migrations build; the server is gone afterwards. SIGTERM ends as Ctrl-C
    does: nothing is left running."""
    from ...listener.expected.building import built_schema

    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel, _TERMINATED)
    try:
        async with built_schema(migrations, timedelta(seconds=seconds)) as dsn:
            return await judge_code(Source(dsn, source.settings), extraction, panel, aside)
    except asyncio.CancelledError as cancelled:
        if _TERMINATED in cancelled.args:
            raise SystemExit(128 + signal.SIGTERM) from None
        raise


async def judge_code(source: Source, extraction: Extraction, panel: Panel, aside: Aside) -> tuple[Outcome, Mendings]:
    """The code against the source's database, with what can be mended of what is told."""
    from ...listener.connection import connect
    from ...listener.source.analysis import analyze
    from ...listener.source.rewriting.menders import mend
    from ...listener.store.ignored import read_ignored

    async with await connect(source.dsn, "analyze") as connection:
        here = await read_ignored(connection)
        analysis = await analyze(connection, extraction, source.settings, panel=panel)
        outcome = told(analysis, panel, aside, here)
        return outcome, await mend(connection, replace(analysis, issues=outcome.issues), aside.path)


def told(analysis: Analysis, panel: Panel, aside: Aside, here: Mapping[str, Ignoring]) -> Outcome:
    """What is told of the analysis: of the types on the panel, without what people live with."""
    from ...listener.source.folder import find_files
    from ...listener.source.outcome import reckon
    from ...listener.source.remarks import Remarks

    remarks = Remarks.of(find_files(aside.path, aside.exclude))
    of_panel = replace(analysis, issues=tuple(each for each in analysis.issues if each.issue_type in panel.types))
    return reckon(of_panel, panel, aside.ignore_file, here, aside.baseline, remarks=remarks, whole=aside.whole)


def tell_aside(outcome: Outcome) -> None:
    """On standard error, for formats that have no place for it: what of the ignore file and the baseline is no use."""
    for each in outcome.complaints:
        typer.echo(f"pgmend: ignoring: {each}", err=True)
    for each in outcome.gone:
        typer.echo(f"pgmend: no more: {each}: take it out of the baseline", err=True)


def draw_line(outcome: Outcome, path: Path, found: ExitCode) -> ExitCode:
    """Have what was found in the file; then nothing of it is an issue any more. Where something could not be looked at
    the file stays as it is: it would lose what is known there."""
    from ...listener.source.baseline import Baseline

    if found is ExitCode.COULD_NOT_LOOK:
        typer.echo(f"pgmend: {path} is not written: a baseline is of all issues, and not all could be seen", err=True)
        return found
    baseline = Baseline.of([*outcome.issues, *outcome.known])
    baseline.write(path)
    typer.echo(f"pgmend: {len(baseline.entries)} issues are known by {path}", err=True)
    return ExitCode.CLEAN
