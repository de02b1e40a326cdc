"""The undo of what `pgmend analyze --write` wrote: done here, where the code is, and told to the database."""

from __future__ import annotations

import psycopg
import typer

from .source import find_source


def is_of_code(fix_id: str) -> bool:
    """Whether the fix changed code, by this user on this machine."""
    from ...listener.errors import CodeStays
    from ...listener.source.rewriting.record import Records

    try:
        return Records().has(fix_id)
    except CodeStays:  # who has no home has written nothing
        return False


async def undo_code(dsn: str | None, fix_id: str) -> None:
    """Put the files back; raises CodeStays with the code as it is. The database need not answer for it."""
    from ...listener.connection import connect
    from ...listener.source.rewriting.applying import undo
    from ...listener.store.code_fixes import write_undone
    from ...sql.errors import PgmendError

    record, told = undo(fix_id)
    files = [each.path for each in record.files]
    for said in told:
        typer.echo(said, err=True)
    typer.echo(f"Undone: {record.summary} ({', '.join(files)} in {record.root}).")
    try:
        async with await connect(find_source(dsn).dsn, "analyze") as connection:
            await write_undone(connection, record.fix_id, files)
    except (psycopg.Error, PgmendError) as error:
        typer.echo(f"The database was not told: {str(error).strip()}", err=True)
