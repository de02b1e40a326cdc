"""Where a rehearsal takes place: an empty database that nobody else can enter, dropped in any case.

A session of the database's name lasts as long as it does: whoever sweeps knows by that which ones are deserted.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

from ...connection import called, connect
from ...errors import CouldNotLook
from ...expected.scratch import PREFIX, drop, sweep

_LIKE_THIS: Final = """
select pg_catalog.pg_encoding_to_char(encoding), datcollate, datctype from pg_catalog.pg_database
where datname = pg_catalog.current_database()
"""
_MAY_CREATE: Final = "select rolcreatedb or rolsuper, rolname from pg_catalog.pg_roles where rolname = current_user"
# Of pg_stat_statements nothing is needed to describe a statement, and plpgsql is in every database.
_EXTENSIONS: Final = """
select extname::text, extversion::text from pg_catalog.pg_extension
where extname not in ('plpgsql', 'pg_stat_statements', 'pg_cron') order by 1
"""
_LACKING: Final = """
select w.name, w.version
from rows from (pg_catalog.unnest(%s::text[]), pg_catalog.unnest(%s::text[])) as w (name, version)
where not exists (
  select from pg_catalog.pg_available_extension_versions as v where v.name = w.name and v.version = w.version)
"""
# Until nobody else may connect nobody can. What is told to the disk may come late: the database is thrown away.
_CREATE: Final = "create database {} template template0 encoding {} lc_collate {} lc_ctype {} allow_connections false"
_CLOSE: Final = "revoke all on database {} from public"
_OPEN: Final = "alter database {} allow_connections true"
_SETTINGS: Final = ("application_name", "lock_timeout", "statement_timeout")
_KEPT: Final = f"select {', '.join(f'pg_catalog.current_setting({name!r})' for name in _SETTINGS)}"
_KEEPING: Final = f"select {', '.join(f'pg_catalog.set_config({name!r}, %s, false)' for name in _SETTINGS)}"
# What is done there would make pg_stat_statements forget as many statements of the application; superusers may say so.
_UNSEEN: Final = "select pg_catalog.set_config('pg_stat_statements.track', 'none', false)"
_CARELESS: Final = "select pg_catalog.set_config('synchronous_commit', 'off', false)"


def dsn_of(connection: AsyncConnection[Any]) -> str:
    """A connection string for the database that the connection is to."""
    password = connection.info.password
    return make_conninfo(**connection.info.get_parameters(), **({"password": password} if password else {}))


@asynccontextmanager
async def rehearsal_ground(
    live: AsyncConnection[Any], rehearsal_dsn: str | None
) -> AsyncGenerator[AsyncConnection[TupleRow]]:
    """A session in an empty database, on the server of `rehearsal_dsn` or that of `live`.

    Raises CouldNotLook with the cure where there can be none, or where the other server is not like this one.
    """
    dsn, name = rehearsal_dsn or dsn_of(live), PREFIX + secrets.token_hex(6)
    async with AsyncExitStack() as stack:
        if rehearsal_dsn is None:
            # One connection less: it does nothing else meanwhile.
            keeper = live
            await stack.enter_async_context(_keeping(live, name))
        else:
            keeper = await stack.enter_async_context(await connect(dsn, name))
        await _require_likeness(live, keeper)
        try:
            await sweep(keeper)
            stack.push_async_callback(drop, keeper, name)
            await _create(keeper, name, await _row(live, _LIKE_THIS))
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            raise CouldNotLook(f"no database to rehearse in: {error.diag.message_primary}") from error
        ground = await stack.enter_async_context(await connect(make_conninfo(dsn, dbname=name), name))
        # psycopg would throw away what steps prepare along with what it prepares by itself.
        ground.prepare_threshold = None
        await ground.execute(_CARELESS)
        with suppress(psycopg.errors.InsufficientPrivilege):
            await ground.execute(_UNSEEN)
        yield ground


async def sweep_ground(live: AsyncConnection[Any], rehearsal_dsn: str | None) -> None:
    """Drop the databases of rehearsals that a crash ended; raises CouldNotLook, psycopg.Error."""
    if rehearsal_dsn is None:
        await sweep(live)
        return
    async with await connect(rehearsal_dsn, "sweep") as keeper:
        await sweep(keeper)


@asynccontextmanager
async def _keeping(live: AsyncConnection[Any], name: str) -> AsyncGenerator[None]:
    """The session under the name of the database that it keeps, with time enough for the checkpoint of a DROP."""
    before = await _row(live, _KEPT)
    try:
        await live.execute(_KEEPING, (called(name), "10s", "5min"))
        yield
    finally:
        if not live.closed:
            await live.execute(_KEEPING, before)


async def _create(keeper: AsyncConnection[Any], name: str, like: tuple[Any, ...]) -> None:
    database = sql.Identifier(name)
    await keeper.execute(sql.SQL(_CREATE).format(database, *like))
    await keeper.execute(sql.SQL(_CLOSE).format(database))
    await keeper.execute(sql.SQL(_OPEN).format(database))


async def _require_likeness(live: AsyncConnection[Any], keeper: AsyncConnection[Any]) -> None:
    """Raise CouldNotLook where a rehearsal there would tell nothing of here."""
    here, there = (each.info.server_version // 10000 for each in (live, keeper))
    if here != there:
        raise CouldNotLook(f"the server to rehearse on is PostgreSQL {there}, and this one is {here}")
    may_create, role = await _row(keeper, _MAY_CREATE)
    if not may_create:
        cure = sql.SQL("alter role {} createdb").format(sql.Identifier(role)).as_string()
        raise CouldNotLook(
            f"role {role} may not create a database to rehearse in. Cure: {cure}; or set rehearsal_dsn to a server of"
            " the same major version and extensions"
        )
    extensions = await (await live.execute(_EXTENSIONS)).fetchall()
    parameters = [name for name, _ in extensions], [version for _, version in extensions]
    lacking = await (await keeper.execute(_LACKING, parameters)).fetchall()
    if lacking:
        listed = ", ".join(f"{name} {version}" for name, version in lacking)
        raise CouldNotLook(f"the server to rehearse on does not have the extension {listed}")


async def _row(connection: AsyncConnection[Any], query: str) -> tuple[Any, ...]:
    row = await (await connection.execute(query.encode())).fetchone()
    assert row is not None
    return row
