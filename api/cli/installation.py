"""`pgmend install` and `pgmend uninstall`: the SQL half in and out, its SQL shown first."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Annotated

import typer

from .outcome import guarded
from .patience import telling
from .question import confirm
from .source import Dsn, find_source

if TYPE_CHECKING:
    import psycopg

    from ...sql.session import Connection

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be run, and run nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def install(
    dsn: Dsn = None,
    dry_run: DryRun = False,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="This database is a copy: fix here too, as in one of its own right.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Install or upgrade the SQL half: schema pgmend, its functions and views, and event triggers where possible.

    In a copy of a database that has it (restored, branched) pgmend only observes until it is adopted.
    """
    guarded(lambda: _install(dsn, dry_run, adopt, yes))


def uninstall(
    dsn: Dsn = None,
    keep_audit: Annotated[bool, typer.Option("--keep-audit", help="Keep the tables audit and ddl_log.")] = False,
    discard: Annotated[bool, typer.Option("--discard", help="Also give up undo and unfinished fixes.")] = False,
    yes: Yes = False,
) -> None:
    """Take the SQL half out; refused while an undo or an unfinished fix depends on it."""
    guarded(lambda: _uninstall(dsn, keep_audit, discard, yes))


def _install(dsn: str | None, dry_run: bool, adopt: bool, yes: bool) -> None:
    from ...sql import install as half
    from ...sql.owner import OWNER

    source = find_source(dsn)
    with _connect(source.dsn) as connection:
        adoption = _adoption(source.dsn, connection) if adopt else None
        if dry_run or not yes:
            for statement in half.statements(connection):
                typer.echo(statement.rstrip().rstrip(";") + ";\n")
            if adoption is not None:
                typer.echo(f"-- {adoption}")
        if dry_run:
            return
        if not yes:
            confirm(f"Run this in {_name(connection)}?")
        with telling("installing"):
            result = half.install(connection)
            if adoption is not None:
                half.adopt(connection)
    what = "already installed" if result.version_before == result.version else "installed"
    typer.echo(f"pgmend is {what} (version {result.version}, objects owned by {result.owner}).")
    if adopt:
        typer.echo("This copy is adopted: pgmend fixes here too." if adoption else "This is no copy: nothing to adopt.")
    if result.owner == OWNER:
        typer.echo(f"A listener connects as a superuser, or as any member: grant {OWNER} to that_role;")
    if result.why_polling is None:
        typer.echo("Event triggers record every DDL command: detection is by events.")
    else:
        typer.echo(f"Event triggers are not possible here: {result.why_polling}. Detection is by polling.")


def _adoption(dsn: str, connection: Connection) -> str | None:
    """What adopting this copy means; None where it is none."""
    import asyncio

    from ...sql.install import installed_version

    if installed_version(connection) is None or asyncio.run(_why_a_copy(dsn)) is None:
        return None
    (queue,) = connection.execute("select queue from pgmend.status").fetchone() or (0,)
    return (
        "adopted: pgmend.instance names this database, with a new instance id; fixes and undos that were on their way"
        f" in the original and go on here: {queue}"
    )


async def _why_a_copy(dsn: str) -> str | None:
    from ...listener.connection import connect
    from ...listener.store.instance import why_a_copy

    async with await connect(dsn, "install") as connection:
        return await why_a_copy(connection)


def _uninstall(dsn: str | None, keep_audit: bool, discard: bool, yes: bool) -> None:
    from ...sql import install as half

    source = find_source(dsn)
    with _connect(source.dsn) as connection:
        if not yes:
            confirm(f"Remove pgmend from {_name(connection)}?")
        with telling("removing"):
            removal = half.uninstall(connection, keep_audit=keep_audit, discard=discard)
    typer.echo("pgmend is removed.")
    if removal.kept_schema:
        typer.echo(f"Kept: {removal.kept_schema}.audit and {removal.kept_schema}.ddl_log.")


def _connect(dsn: str) -> AbstractContextManager[Connection]:
    import psycopg

    from ...listener.connection import unreachable
    from ...listener.dsn import describe
    from ...listener.errors import CouldNotLook

    try:
        with telling("connecting"):
            connection = psycopg.connect(
                dsn, autocommit=True, application_name="pgmend install", connect_timeout=10, client_encoding="utf8"
            )
    except psycopg.OperationalError as error:
        raise unreachable(dsn, error) from error
    (standby,) = connection.execute("select pg_catalog.pg_is_in_recovery()").fetchone() or (False,)
    if standby:
        connection.close()
        raise CouldNotLook(f"{describe(dsn)}: this server is a standby and takes no writes: connect to its primary.")
    return connection


def _name(connection: psycopg.Connection) -> str:
    return f"database {connection.info.dbname} on {connection.info.host}:{connection.info.port}"
