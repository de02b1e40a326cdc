"""What `pgmend analyze` and other commands share that read code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .asking import mustered
from .outcome import ExitCode

if TYPE_CHECKING:
    from ...listener.ignore_file import IgnoreFile
    from ...listener.settings import Settings
    from ...listener.source.baseline import Baseline
    from ...listener.source.extracted import Extraction
    from ...listener.source.outcome import Outcome
    from ...listener.source.panel import Panel
    from .source import Source

BaselineOption = Annotated[
    Path | None, typer.Option("--baseline", help="Tell only what is not in this file of known issues.")
]
WriteBaselineOption = Annotated[
    Path | None, typer.Option("--write-baseline", help="Have all issues of now in this file; then they are known.")
]
NoCacheOption = Annotated[
    bool, typer.Option("--no-cache", help="Read every file anew, and keep nothing in the folder of this user's caches.")
]


def read_code(path: Path, exclude: Sequence[str], *, keeping: bool) -> Extraction:
    """The statements of the code; with `keeping`, what did not change since the last run is not read again."""
    from ...listener.source.extraction import extract
    from ...listener.source.reading import Reader
    from ...listener.source.shelf import Shelf

    shelf = Shelf.of_user() if keeping else None
    found = extract(path, exclude, Reader(shelf))
    if shelf is not None and shelf.complaint is not None:
        typer.echo(f"pgmend: the cache of code: {shelf.complaint}; --no-cache does without", err=True)
    return found


def mustered_panel(settings: Settings, select: Sequence[str] | None, ignore: Sequence[str] | None) -> Panel:
    """What is judged in code by settings and flags; a wrong setting of any rule is an error as for `pgmend check`."""
    from ...listener.source.panel import Panel

    mustered(settings)
    return Panel.muster(settings, select or (), ignore or ())


@dataclass(frozen=True, slots=True)
class Aside:
    """What says which issues are not told. `whole`: the code is the folder that the ignore file is in."""

    ignore_file: IgnoreFile | None
    baseline: Baseline | None
    whole: bool


def read_aside(
    path: Path,
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
        IgnoreFile.read(Path.cwd()),
        None if baseline is None else Baseline.read(baseline),
        path.resolve() == Path.cwd(),
    )


async def judge_code(source: Source, extraction: Extraction, panel: Panel, aside: Aside) -> Outcome:
    """The code against the source's database."""
    from ...listener.connection import connect
    from ...listener.source.analysis import analyze
    from ...listener.source.outcome import reckon
    from ...listener.store.ignored import read_ignored

    async with await connect(source.dsn, "analyze") as connection:
        here = await read_ignored(connection)
        analysis = await analyze(connection, extraction, source.settings, panel=panel)
    return reckon(analysis, panel, aside.ignore_file, here, aside.baseline, whole=aside.whole)


def tell_aside(outcome: Outcome) -> None:
    """On standard error, for formats that have no place for it: what of the ignore file and the baseline is no use."""
    for each in outcome.complaints:
        typer.echo(f"pgmend: ignore file: {each}", err=True)
    for each in outcome.gone:
        typer.echo(f"pgmend: no more: {each}: take it out of the baseline", err=True)


def draw_line(outcome: Outcome, path: Path, found: ExitCode) -> ExitCode:
    """Have what was found in the file; then nothing of it is an issue any more, save what could not be looked at."""
    from ...listener.source.baseline import Baseline

    baseline = Baseline.of([*outcome.issues, *outcome.known])
    baseline.write(path)
    typer.echo(f"pgmend: {len(baseline.entries)} issues are known by {path}", err=True)
    return found if found is ExitCode.COULD_NOT_LOOK else ExitCode.CLEAN
