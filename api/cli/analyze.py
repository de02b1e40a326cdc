"""`pgmend analyze`: the SQL in Python code against the schema, read-only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import psycopg
import typer

from .check import FailOn, FailOnOption, Format, FormatOption
from .outcome import ExitCode, guarded, run
from .source import Dsn, find_source

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...listener.source.analysis import Analysis
    from ...listener.source.extracted import Extraction
    from ...listener.source.rewriting.applying import Applied
    from ...listener.source.rewriting.mended import Mendings
    from .source import Source

DiffOption = Annotated[
    bool, typer.Option("--diff", help="Print what can be mended as a patch that `git apply` takes, and nothing else.")
]
WriteOption = Annotated[
    bool, typer.Option("--write", help="Write what can be mended into the files; undone by `pgmend rollback`.")
]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Write into files with changes that are not committed, too.")
]


def analyze(
    path: Annotated[Path, typer.Argument(help="The folder, or one file, with the code.")],
    dsn: Dsn = None,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", help="Leave out what a pattern as in .gitignore covers.")
    ] = None,
    format: FormatOption = Format.TEXT,
    fail_on: FailOnOption = FailOn.CRITICAL,
    diff: DiffOption = False,
    write: WriteOption = False,
    force: ForceOption = False,
) -> None:
    """Find every SQL statement in the code, have the server describe it, and tell what disagrees with the schema.

    The code is read, never imported or run; the statements are parsed and described, never planned or run.
    Exit codes: 0 clean, 1 issues at or above --fail-on, 2 wrong usage, 3 something could not be looked at.
    """
    if diff and write:
        raise typer.BadParameter("--diff shows what --write would do: give one of them.")
    source = guarded(lambda: find_source(dsn))

    def read() -> Extraction:
        return _extract(path, exclude or ())

    if write:
        analysis, mendings = run(_write(source, path, read, force=force))
    else:
        analysis, mendings = run(_judge(source, guarded(read), path))
    if diff:
        _print_patch(path, mendings)
    else:
        _print(analysis, mendings, format)
    raise SystemExit(int(_exit_code(analysis, fail_on)))


def _extract(path: Path, exclude: list[str] | tuple[()]) -> Extraction:
    from ...listener.source.extraction import extract

    return extract(path, exclude)


async def _judge(source: Source, extraction: Extraction, path: Path) -> tuple[Analysis, Mendings]:
    from ...listener.connection import connect
    from ...listener.source.analysis import analyze
    from ...listener.source.rewriting.menders import mend

    async with await connect(source.dsn, "analyze") as connection:
        analysis = await analyze(connection, extraction, source.settings)
        return analysis, await mend(connection, analysis, path)


async def _write(
    source: Source, path: Path, read: Callable[[], Extraction], *, force: bool
) -> tuple[Analysis, Mendings]:
    """Write what is ready; the analysis of the code as it is then, and what is left to mend."""
    from ...listener.connection import connect
    from ...listener.source.analysis import analyze
    from ...listener.source.rewriting.applying import apply
    from ...listener.source.rewriting.menders import mend

    async with await connect(source.dsn, "analyze") as connection:
        analysis = await analyze(connection, read(), source.settings)
        mendings = await mend(connection, analysis, path)
        applied = await apply(connection, analysis, mendings, path, read=read, settings=source.settings, force=force)
        if applied is None:
            typer.echo("Nothing is written: there is nothing that can be mended.", err=True)
            return analysis, mendings
        left = await mend(connection, applied.analysis, path)
    record = applied.record
    for said in applied.told:
        typer.echo(said, err=True)
    typer.echo(
        f"Written: {', '.join(each.path for each in record.files)}. Undo: pgmend rollback {record.fix_id}. The files as"
        f" they were are kept in {applied.backups}.",
        err=True,
    )
    await _record(source, applied)
    return applied.analysis, left


async def _record(source: Source, applied: Applied) -> None:
    """Tell the database, where pgmend is installed there and we may write: the code itself is done."""
    from ...listener.connection import connect
    from ...listener.store.code_fixes import write_applied
    from ...sql.errors import PgmendError

    record = applied.record
    try:
        async with await connect(source.dsn, "analyze") as connection:
            files = [each.path for each in record.files]
            await write_applied(connection, record.fix_id, record.summary, applied.issues, files)
    except (psycopg.Error, PgmendError) as error:
        typer.echo(f"The database keeps no history of it: {str(error).strip()}", err=True)


def _print_patch(path: Path, mendings: Mendings) -> None:
    """The patch alone on standard output, in the bytes of the files; what a person should know beside it."""
    from ...listener.source.rewriting.menders import folder_of
    from ...listener.source.rewriting.patch import diff, patches
    from ..report.code import left_and_notes

    folder = folder_of(path)
    patch = guarded(lambda: diff(folder, patches(folder, mendings.files, mendings.edits())))
    stdout = typer.get_binary_stream("stdout")
    stdout.write(patch)
    stdout.flush()
    for said in left_and_notes(mendings):
        typer.echo(said, err=True)


def _print(analysis: Analysis, mendings: Mendings, wanted: Format) -> None:
    from ..report import code
    from ..report.view import view_in_code

    views = [view_in_code(each) for each in analysis.issues]
    match wanted:
        case Format.JSON:
            typer.echo(json.dumps(code.analysis_document(analysis, views, mendings), ensure_ascii=False, indent=2))
        case Format.TEXT:
            from ..report.paper import paper

            code.print_analysis(paper(), analysis, views, mendings)
        case Format.SARIF:
            from ..report.sarif import sarif_document

            document = sarif_document(views, code.unseen(analysis), unread=code.dynamic(analysis))
            typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
        case Format.GITHUB:
            from ..report.annotations import github_lines

            for line in github_lines(views, code.unseen(analysis), code.dynamic(analysis)):
                typer.echo(line)


def _exit_code(analysis: Analysis, fail_on: FailOn) -> ExitCode:
    if not analysis.saw_everything:
        return ExitCode.COULD_NOT_LOOK
    if fail_on is FailOn.NEVER:
        return ExitCode.CLEAN
    from ...listener.issue import Severity

    bad = any(each.severity.rank <= Severity(fail_on.value).rank for each in analysis.issues)
    return ExitCode.ISSUES if bad else ExitCode.CLEAN
