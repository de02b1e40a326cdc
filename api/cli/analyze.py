"""`pgmend analyze`: the SQL in Python code against the schema, read-only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .check import FailOn, FailOnOption, Format, FormatOption
from .outcome import ExitCode, guarded, run
from .source import Dsn, find_source

if TYPE_CHECKING:
    from ...listener.source.analysis import Analysis
    from ...listener.source.extracted import Extraction
    from ...listener.source.rewriting.mended import Mendings
    from .source import Source

DiffOption = Annotated[
    bool, typer.Option("--diff", help="Print what can be mended as a patch that `git apply` takes, and nothing else.")
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
) -> None:
    """Find every SQL statement in the code, have the server describe it, and tell what disagrees with the schema.

    The code is read, never imported or run; the statements are parsed and described, never planned or run.
    Exit codes: 0 clean, 1 issues at or above --fail-on, 2 wrong usage, 3 something could not be looked at.
    """
    source = guarded(lambda: find_source(dsn))
    extraction = guarded(lambda: _extract(path, exclude or ()))
    analysis, mendings = run(_judge(source, extraction, path))
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
