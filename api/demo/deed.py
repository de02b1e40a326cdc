"""Something that somebody does to a schema over a connection of their own, and how it goes wrong."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg


@dataclass(frozen=True, slots=True)
class Failing:
    """A statement that fails with this SQLSTATE, and is meant to."""

    statement: LiteralString
    sqlstate: str


@dataclass(frozen=True, slots=True)
class Deed:
    """Statements run one by one in autocommit mode as `application_name`.

    `meanwhile` is a statement whose transaction another session holds open until all is done.
    """

    application_name: str
    statements: tuple[LiteralString | Failing, ...]
    meanwhile: LiteralString | None = None


async def do(deed: Deed, dsn: str) -> None:
    """Let it happen; raises if the server did not react as told."""
    async with AsyncExitStack() as stack:
        if deed.meanwhile is not None:
            other = await stack.enter_async_context(await psycopg.AsyncConnection.connect(dsn, application_name="api"))
            await other.execute(deed.meanwhile)
        connection = await stack.enter_async_context(
            await psycopg.AsyncConnection.connect(dsn, autocommit=True, application_name=deed.application_name)
        )
        for statement in deed.statements:
            if isinstance(statement, Failing):
                await _expect_failure(connection, statement)
            else:
                await connection.execute(statement)


async def _expect_failure(connection: psycopg.AsyncConnection[Any], failing: Failing) -> None:
    try:
        await connection.execute(failing.statement)
    except psycopg.Error as error:
        if error.sqlstate != failing.sqlstate:
            raise
    else:
        raise RuntimeError(f"expected SQLSTATE {failing.sqlstate} of: {failing.statement}")
