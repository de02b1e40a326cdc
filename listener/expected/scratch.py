"""An empty database to build a schema in: made for one portrait, dropped in any case, swept after a crash."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.conninfo import make_conninfo

from ..connection import connect
from ..embedded import Cluster
from ..errors import CouldNotLook, EmbeddedServerError

PREFIX: Final = "pgmend_scratch_"
_MAY_CREATE: Final = "select rolcreatedb or rolsuper, rolname from pg_catalog.pg_roles where rolname = current_user"
_LIKE_THIS: Final = """
select pg_catalog.pg_encoding_to_char(encoding), datcollate, datctype from pg_catalog.pg_database
where datname = pg_catalog.current_database()
"""
# Whoever is building in one keeps a session of this name; its role's sessions are seen by every session of that role.
_DESERTED: Final = """
select d.datname from pg_catalog.pg_database as d
where pg_catalog.starts_with(d.datname, %s) and d.datname ~ '_[0-9a-f]{12}$'
  and d.datdba = current_user::pg_catalog.regrole
  and not exists (
    select from pg_catalog.pg_stat_activity as s where s.application_name = 'pgmend ' || d.datname)
"""
_ROLES: Final = "select rolname from pg_catalog.pg_roles where rolname !~ '^pg_'"
_OTHERS: Final = """
select pid, state from pg_catalog.pg_stat_activity
where datname = %s and pid <> pg_catalog.pg_backend_pid() and backend_type = 'client backend'
"""
_LEFT: Final = frozenset({"idle in transaction", "idle in transaction (aborted)", "active"})
_ASKED_TIMES: Final = 40
_ASKED_AFTER_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Scratch:
    """An empty database. `role` is who works in it, `embedded` says that it is on a server of our own."""

    name: str
    dsn: str
    role: str
    embedded: bool


@asynccontextmanager
async def scratch_database(dsn: str) -> AsyncGenerator[Scratch]:
    """An empty database on the server of `dsn`, where its role has CREATEDB; else on the embedded server, if that is of
    the same major. Raises CouldNotLook with the cure where neither is possible."""
    async with AsyncExitStack() as stack:
        name = PREFIX + secrets.token_hex(6)
        keeper = await stack.enter_async_context(await connect(dsn, name))
        may_create, role = await _one(keeper, _MAY_CREATE)
        embedded = not may_create
        if embedded:
            roles = [row[0] for row in await (await keeper.execute(_ROLES)).fetchall()]
            dsn = await stack.enter_async_context(_embedded(keeper.info.server_version // 10000, role))
            keeper = await stack.enter_async_context(await connect(dsn, name))
            await _make_roles(keeper, roles)
            (role,) = await _one(keeper, "select current_user")
        await sweep(keeper)
        encoding, collation, character_type = await _one(keeper, _LIKE_THIS)
        stack.push_async_callback(drop, keeper, name)
        await keeper.execute(
            sql.SQL("create database {} template template0 encoding {} lc_collate {} lc_ctype {}").format(
                sql.Identifier(name), sql.Literal(encoding), sql.Literal(collation), sql.Literal(character_type)
            )
        )
        yield Scratch(name, make_conninfo(dsn, dbname=name), role, embedded)


async def nobody_left(connection: AsyncConnection[Any], scratch: Scratch) -> None:
    """Wait until whoever built the schema is gone; raises CouldNotLook where a transaction was left open, since what it
    did is in no database."""
    states: list[str] = []
    for _ in range(_ASKED_TIMES):
        rows = await (await connection.execute(_OTHERS, (scratch.name,))).fetchall()
        states = [str(row[1]) for row in rows]
        if not states:
            return
        await asyncio.sleep(_ASKED_AFTER_SECONDS)
    if _LEFT & set(states):
        raise CouldNotLook("A transaction was left open in the scratch database: what it did is not committed.")


async def drop(keeper: AsyncConnection[Any], name: str) -> None:
    """Drop a scratch database, whoever is in it."""
    await keeper.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


async def sweep(keeper: AsyncConnection[Any]) -> None:
    """Drop the scratch databases of processes that are no more."""
    for (name,) in await (await keeper.execute(_DESERTED, (PREFIX,))).fetchall():
        await drop(keeper, name)


@asynccontextmanager
async def _embedded(major: int, role: str) -> AsyncGenerator[str]:
    """The DSN of a server of our own of that major version."""
    cure = sql.SQL("alter role {} createdb").format(sql.Identifier(role)).as_string()
    cluster = Cluster()
    try:
        await asyncio.to_thread(cluster.start)
    except EmbeddedServerError as error:
        raise CouldNotLook(
            f"No database to build the schema in: role {role} may not create one, which this cures: {cure};"
            f" and {str(error).partition(chr(10))[0]}"
        ) from error
    try:
        dsn = cluster.secluded_dsn()
        async with await psycopg.AsyncConnection.connect(dsn) as connection:
            own = connection.info.server_version // 10000
        if own != major:
            raise CouldNotLook(
                f"No database to build the schema in: role {role} may not create one, which this cures: {cure};"
                f" and the embedded server is PostgreSQL {own}, not {major}."
            )
        yield dsn
    finally:
        await asyncio.to_thread(cluster.stop)


async def _make_roles(connection: AsyncConnection[Any], names: list[str]) -> None:
    """The names that a schema may grant to: without any right."""
    known = {row[0] for row in await (await connection.execute(_ROLES)).fetchall()}
    for name in names:
        if name not in known:
            await connection.execute(sql.SQL("create role {}").format(sql.Identifier(name)))


async def _one(connection: AsyncConnection[Any], query: str) -> tuple[Any, ...]:
    row = await (await connection.execute(query.encode())).fetchone()
    assert row is not None
    return row
