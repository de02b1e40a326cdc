"""`pgmend analyze --write`: what can be mended is written into the files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
import typer

from .code import Aside, told

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...listener.source.extracted import Extraction
    from ...listener.source.outcome import Outcome
    from ...listener.source.panel import Panel
    from ...listener.source.rewriting.applying import Applied
    from ...listener.source.rewriting.mended import Mendings
    from .source import Source


async def write_mendings(
    source: Source, read: Callable[[], Extraction], panel: Panel, aside: Aside, *, force: bool
) -> tuple[Outcome, Mendings]:
    """Write what is ready of the issues that are told; what is told of the code as it is then, and what is left."""
    from ...listener.connection import connect
    from ...listener.source.analysis import analyze
    from ...listener.source.rewriting.applying import apply, recover
    from ...listener.source.rewriting.menders import mend
    from ...listener.store.ignored import read_ignored

    path = aside.path
    for said in recover(path):
        typer.echo(said, err=True)
    async with await connect(source.dsn, "analyze") as connection:
        here = await read_ignored(connection)
        # Of all types, whatever the flags say: what is written must not bring an issue of another type.
        analysis = await analyze(connection, read(), source.settings)
        outcome = told(analysis, panel, aside, here)
        mendings = await mend(connection, replace(analysis, issues=outcome.issues), path)
        applied = await apply(connection, analysis, mendings, path, read=read, settings=source.settings, force=force)
        if applied is None:
            typer.echo("Nothing is written: there is nothing that can be mended.", err=True)
            return outcome, mendings
        outcome = told(applied.analysis, panel, aside, here)
        left = await mend(connection, replace(applied.analysis, issues=outcome.issues), path)
    record = applied.record
    for said in applied.told:
        typer.echo(said, err=True)
    typer.echo(
        f"Written: {', '.join(each.path for each in record.files)}. Undo: pgmend rollback {record.fix_id}. The files as"
        f" they were are kept in {applied.backups}.",
        err=True,
    )
    await _record(source, applied)
    return outcome, left


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
