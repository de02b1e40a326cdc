"""`pgmend expect`: what the schema should be, said in four ways, and how the database differs from it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from .check import FailOn, FailOnOption, Format, FormatOption, print_for_machines
from .outcome import ExitCode, guarded, run
from .patience import telling
from .source import Dsn, Source, find_source

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow

    from ...listener.catalog.exclusion import LeftAlone
    from ...listener.expected.expecting import Comparison

T = TypeVar("T")
app = typer.Typer(
    name="expect",
    help="The expected schema: capture it, declare it, and see how the database differs from it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("capture")
def capture(
    dsn: Dsn = None,
    lock: Annotated[bool, typer.Option("--lock", help="Heal differences; without it they are only reported.")] = False,
) -> None:
    """Expect the schema as it is now."""
    from ...listener.expected import expecting

    source = guarded(lambda: find_source(dsn))
    objects = run(
        _with(
            source,
            "reading the schema",
            lambda connection, left_alone: expecting.capture(connection, left_alone, lock=lock),
        )
    )
    what = "differences are healed" if lock else "differences are reported; --lock heals them"
    typer.echo(f"{objects} objects are expected as they are now: {what}.")


@app.command("load")
def load(
    file: Annotated[Path, typer.Argument(help="A file of pg_dump --schema-only, or a folder of .sql files.")],
    dsn: Dsn = None,
) -> None:
    """Expect what SQL files build: they are replayed in an empty scratch database."""
    from ...listener.expected import expecting

    source = guarded(lambda: find_source(dsn))
    objects = run(
        _with(
            source,
            f"replaying {file}",
            lambda connection, left_alone: expecting.load(connection, source.dsn, file, left_alone),
        )
    )
    typer.echo(f"{objects} objects are expected as {file} declares them.")


@app.command("from-command")
def from_command(
    command: Annotated[str, typer.Argument(help="For example: alembic upgrade head")],
    dsn: Dsn = None,
    timeout: Annotated[int, typer.Option(min=1, help="After so many seconds the command is ended.")] = 600,
) -> None:
    """Expect what a command builds in an empty scratch database.

    It gets that database as DATABASE_URL and PGMEND_SCRATCH_DSN, in libpq's variables, and in every variable that holds
    a PostgreSQL URL, with its scheme kept.
    """
    from ...listener.expected import expecting
    from ...listener.journal import redact

    source = guarded(lambda: find_source(dsn))
    limit = timedelta(seconds=timeout)
    objects = run(
        _with(
            source,
            f"running {redact(command)}",
            lambda connection, left_alone: expecting.from_command(connection, source.dsn, command, limit, left_alone),
        )
    )
    typer.echo(f"{objects} objects are expected as the command builds them.")


@app.command("diff")
def diff(dsn: Dsn = None, format: FormatOption = Format.TEXT, fail_on: FailOnOption = FailOn.CRITICAL) -> None:
    """Show how the database differs from what is expected, which side moved, and by whom.

    Exit codes: 0 no difference, 1 differences at or above --fail-on, 2 wrong usage, 3 it could not be looked at.
    """
    from ...listener.expected import expecting

    source = guarded(lambda: find_source(dsn))
    comparison = run(_with(source, "comparing", expecting.differences))
    raise SystemExit(int(guarded(lambda: _print(comparison, source, format, fail_on))))


@app.command("clear")
def clear(dsn: Dsn = None) -> None:
    """Expect nothing any more."""
    from ...listener.expected import expecting

    source = guarded(lambda: find_source(dsn))
    run(_with(source, "clearing", lambda connection, _: expecting.clear(connection)))
    typer.echo("Nothing is expected any more.")


async def _with(source: Source, doing: str, work: Callable[[AsyncConnection[TupleRow], LeftAlone], Awaitable[T]]) -> T:
    from ...listener.catalog.exclusion import LeftAlone
    from ...listener.connection import connect
    from ...listener.desk.refusal import explained

    with telling(doing):
        async with await connect(source.dsn, "expect") as connection, explained(connection):
            return await work(connection, LeftAlone(source.settings.exclude))


def _print(comparison: Comparison | None, source: Source, wanted: Format, fail_on: FailOn) -> ExitCode:
    from ..report.expected import difference_document, difference_lines, difference_views

    views = difference_views(comparison, source.settings)
    match wanted:
        case Format.JSON:
            typer.echo(json.dumps(difference_document(comparison, views), ensure_ascii=False, indent=2))
        case Format.TEXT:
            for line in difference_lines(comparison, views):
                typer.echo(line)
        case _:
            print_for_machines(views, wanted)
    return _exit_code([view.severity.rank for view in views], fail_on)


def _exit_code(ranks: Sequence[int], fail_on: FailOn) -> ExitCode:
    from ...listener.issue import Severity

    if fail_on is FailOn.NEVER:
        return ExitCode.CLEAN
    bad = any(rank <= Severity(fail_on.value).rank for rank in ranks)
    return ExitCode.ISSUES if bad else ExitCode.CLEAN
