"""`pgmend migration`: a fix as a migration for the repository, so that the next deploy does not undo it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .asking import asking
from .outcome import guarded, run
from .source import Dsn

if TYPE_CHECKING:
    from ..migration.deed import Migration


class Tool(StrEnum):
    """Who runs the migration."""

    SQL = "sql"
    ALEMBIC = "alembic"
    DJANGO = "django"


def migration(
    fix_id: Annotated[str, typer.Argument(help="A fix, applied or proposed (`pgmend history`).")],
    tool: Annotated[Tool, typer.Option("--as", help="Plain SQL, an Alembic revision, or Django's.")] = Tool.SQL,
    into: Annotated[
        Path | None, typer.Option("--into", help="The folder of migrations: the new one follows its last.")
    ] = None,
    revises: Annotated[str | None, typer.Option("--revises", help="The migration that it follows.")] = None,
    app: Annotated[str | None, typer.Option("--app", help="Django's app label.")] = None,
    dsn: Dsn = None,
) -> None:
    """Print a fix as a migration, or write it into a folder. Here it does nothing, elsewhere the same as the fix."""
    made = run(_migration(dsn, fix_id))
    guarded(lambda: _put(made, tool, into, revises, app))


async def _migration(dsn: str | None, fix_id: str) -> Migration:
    from ..migration.deed import migration_of

    async with asking(dsn) as desk:
        detail = await desk.fix(fix_id)
    return migration_of(detail.plan, str(detail.fix.fix_id))


def _put(made: Migration, tool: Tool, into: Path | None, revises: str | None, app: str | None) -> None:
    from ...listener.errors import InvalidRequest

    if into is not None and not into.is_dir():
        raise InvalidRequest(f"{into} is no folder; name the one that holds the migrations.")
    name, text = _written(made, tool, into, revises, app)
    if into is None:
        typer.echo(text, nl=False)
        return
    file = into / name
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be written: {error.strerror}.") from error
    typer.echo(f"Written to {file}.", err=True)


def _written(made: Migration, tool: Tool, into: Path | None, revises: str | None, app: str | None) -> tuple[str, str]:
    from ...listener.errors import InvalidRequest

    match tool:
        case Tool.SQL:
            from ..migration.plain import plain_sql

            return f"pgmend_{made.fix_id[:8]}.sql", plain_sql(made)
        case Tool.ALEMBIC:
            from ..migration.alembic import alembic_revision, head_of, revision_id

            follows = revises or (head_of(into) if into else None)
            return f"{revision_id(made)}_pgmend.py", alembic_revision(made, follows)
        case Tool.DJANGO:
            from ..migration.django import django_migration, last_of, name_after

            if app is None:
                raise InvalidRequest("A Django migration belongs to an app: name it with --app.")
            follows = revises or (last_of(into) if into else None)
            return f"{name_after(follows, made)}.py", django_migration(made, app, follows)
