"""A schema built from nothing, on a server of our own, that needs no other: by a command, or from SQL files.

The server, its database, and whatever the command started end with the block, however that ends. A command is given the
server's superuser, since it may do anything to this account as it is; files are replayed by a role that owns the
database and no more, so that none of their statements reaches out of the server.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from psycopg import AsyncConnection, sql
from psycopg.conninfo import make_conninfo

from ..connection import connect
from ..embedded import Cluster
from ..embedded.password import Password
from ..errors import CouldNotLook
from .command import run_command
from .scratch import PREFIX, Scratch, nobody_left
from .script import replay, roles_named, scripts_of

_NAME: Final = PREFIX + "built"
_ROLE: Final = "builder"
_ROLES: Final = "select rolname from pg_catalog.pg_roles"
_ANYTHING: Final = """
select exists (
  select from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast'))
"""


@asynccontextmanager
async def built_schema(how: str, limit: timedelta) -> AsyncGenerator[str]:
    """The DSN of a database with the schema that the SQL file, the folder of them, or else the command builds.

    Raises CouldNotLook with the end of what a command said that failed, took longer than `limit` or built nothing, or
    naming the statement that was refused; EmbeddedServerError where there is no server to be had."""
    scripts = _scripts(Path(how))
    async with _server() as server:
        scratch = await (_for_files(server, scripts) if scripts else _for_command(server))
        async with await connect(server, scratch.name) as keeper:
            if scripts:
                await _replay(scratch, scripts)
            else:
                await run_command(how, scratch.dsn, limit, alone=True)
                await nobody_left(keeper, scratch)
        async with await connect(scratch.dsn, scratch.name) as looking:
            if not (await _one(looking, _ANYTHING))[0]:
                raise CouldNotLook(
                    "Nothing was built. A command has to build in the database that DATABASE_URL or PGMEND_SCRATCH_DSN"
                    " names."
                )
        yield scratch.dsn


def _scripts(path: Path) -> tuple[Path, ...]:
    """The SQL files, if it names some; else it is a command."""
    is_sql = path.is_dir() or (path.is_file() and path.suffix == ".sql")
    return scripts_of(path) if is_sql else ()


@asynccontextmanager
async def _server() -> AsyncGenerator[str]:
    """The superuser's DSN; the server is gone at the end even if it was still starting."""
    cluster = Cluster()
    starting = asyncio.create_task(asyncio.to_thread(cluster.start), name="start a server to build a schema on")
    try:
        await asyncio.shield(starting)
        yield cluster.secluded_dsn()
    finally:
        await asyncio.wait([starting])
        await asyncio.to_thread(cluster.stop)


async def _for_command(server: str) -> Scratch:
    """An empty database of the superuser."""
    async with await connect(server, "build") as connection:
        (role,) = await _one(connection, "select current_user")
        await _create(connection, role)
    return Scratch(_NAME, make_conninfo(server, dbname=_NAME), role, embedded=True)


async def _for_files(server: str, scripts: Sequence[Path]) -> Scratch:
    """An empty database of a role of its own, which may act for all that the scripts name."""
    password, role = Password.random(), f"{_ROLE}_{secrets.token_hex(4)}"
    async with await connect(server, "build") as connection:
        await connection.execute(
            sql.SQL("create role {} login password {}").format(sql.Identifier(role), sql.Literal(password.verifier()))
        )
        known = {name for (name,) in await (await connection.execute(_ROLES)).fetchall()}
        for name in sorted(roles_named(scripts) - known):
            await connection.execute(sql.SQL("create role {}").format(sql.Identifier(name)))
            await connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(name), sql.Identifier(role)))
        await _create(connection, role)
    return Scratch(_NAME, make_conninfo(server, user=role, password=password.text, dbname=_NAME), role, embedded=True)


async def _create(connection: AsyncConnection[Any], owner: str) -> None:
    await connection.execute(
        sql.SQL("create database {} owner {} template template0").format(sql.Identifier(_NAME), sql.Identifier(owner))
    )


async def _replay(scratch: Scratch, scripts: Sequence[Path]) -> None:
    async with await connect(scratch.dsn, scratch.name) as building:
        # As psql would find it: a script sets its own search_path or relies on the usual one.
        await building.execute("reset search_path")
        for script in scripts:
            await replay(building, script, alone=True)


async def _one(connection: AsyncConnection[Any], query: str) -> tuple[Any, ...]:
    row = await (await connection.execute(query.encode())).fetchone()
    assert row is not None
    return row
