"""`pgmend analyze`: the SQL in Python code against the schema, read-only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .check import FailOn, FailOnOption, Format, FormatOption, IgnoreOption, SelectOption
from .code import (
    BaselineOption,
    MigrationsOption,
    MigrationsTimeoutOption,
    NoCacheOption,
    WriteBaselineOption,
    draw_line,
    find_schema,
    judge_built,
    judge_code,
    mustered_panel,
    read_aside,
    read_code,
    tell_aside,
)
from .code_writing import write_mendings
from .outcome import ExitCode, guarded, run
from .source import Dsn

if TYPE_CHECKING:
    from ...listener.source.extracted import Extraction
    from ...listener.source.outcome import Outcome
    from ...listener.source.rewriting.mended import Mendings

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
    select: SelectOption = None,
    ignore: IgnoreOption = None,
    migrations: MigrationsOption = None,
    migrations_timeout: MigrationsTimeoutOption = 600,
    baseline: BaselineOption = None,
    write_baseline: WriteBaselineOption = None,
    no_cache: NoCacheOption = False,
    format: FormatOption = Format.TEXT,
    fail_on: FailOnOption = FailOn.CRITICAL,
    diff: DiffOption = False,
    write: WriteOption = False,
    force: ForceOption = False,
) -> None:
    """Find every SQL statement in the code, have the server describe it, and tell what disagrees with the schema.

    The code is read, never imported or run; the statements are parsed and described, never planned or run. The schema
    is that of the database or, with --migrations, of a server that is started for it and gone afterwards: a command
    gets its database as DATABASE_URL, in libpq's variables, and in every variable that holds a PostgreSQL URL.
    Exit codes: 0 clean, 1 issues at or above --fail-on, 2 wrong usage, 3 something could not be looked at.
    """
    if diff and write:
        raise typer.BadParameter("--diff shows what --write would do: give one of them.")
    if write and migrations is not None:
        raise typer.BadParameter("--write goes with the database that the code is for: leave --migrations out.")
    source = guarded(lambda: find_schema(dsn, migrations))
    panel = guarded(lambda: mustered_panel(source.settings, select, ignore))
    aside = guarded(lambda: read_aside(path, exclude or (), baseline, write_baseline, select, ignore))

    def read() -> Extraction:
        return read_code(path, exclude or (), keeping=not no_cache)

    if write:
        work = write_mendings(source, read, panel, aside, force=force)
    elif migrations is None:
        work = judge_code(source, guarded(read), panel, aside)
    else:
        work = judge_built(source, guarded(read), panel, aside, migrations, migrations_timeout)
    outcome, mendings = run(work)
    if diff:
        _print_patch(path, mendings)
    else:
        _print(outcome, mendings, format)
    exit_code = _exit_code(outcome, fail_on)
    if write_baseline is not None:
        exit_code = guarded(lambda: draw_line(outcome, write_baseline, exit_code))
    raise SystemExit(int(exit_code))


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


def _print(outcome: Outcome, mendings: Mendings, wanted: Format) -> None:
    from ..report import code
    from ..report.view import view_in_code

    analysis = outcome.analysis
    views = [view_in_code(each) for each in outcome.issues]
    match wanted:
        case Format.JSON:
            typer.echo(json.dumps(code.analysis_document(outcome, views, mendings), ensure_ascii=False, indent=2))
        case Format.TEXT:
            from ..report.paper import paper

            code.print_analysis(paper(), outcome, views, mendings)
        case Format.SARIF:
            tell_aside(outcome)
            from ..report.sarif import sarif_document

            document = sarif_document(
                views, code.unseen(analysis), outcome.ignored, code.dynamic(analysis), outcome.known
            )
            typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
        case Format.GITHUB:
            tell_aside(outcome)
            from ..report.annotations import github_lines

            for line in github_lines(views, code.unseen(analysis), code.dynamic(analysis)):
                typer.echo(line)


def _exit_code(outcome: Outcome, fail_on: FailOn) -> ExitCode:
    if not outcome.analysis.saw_everything:
        return ExitCode.COULD_NOT_LOOK
    if fail_on is FailOn.NEVER:
        return ExitCode.CLEAN
    from ...listener.issue import Severity

    bad = any(each.severity.rank <= Severity(fail_on.value).rank for each in outcome.issues)
    return ExitCode.ISSUES if bad else ExitCode.CLEAN
