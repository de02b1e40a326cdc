"""What the server makes of a statement without planning or running it: the types of its parameters and its results."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection, generators, pq, sql
from psycopg.rows import TupleRow

from ..catalog.snapshot import Oid
from .statement import Statement

_PATH: Final = "select pg_catalog.set_config('search_path', %s, false)"
_TYPES: Final = "select oid::bigint, pg_catalog.format_type(oid, null) from pg_catalog.pg_type where oid = any(%s)"
_DEFINED: Final = "set local check_function_bodies = on"


@dataclass(frozen=True, slots=True)
class Described:
    """Type OIDs of the parameters by number, and of the results with their names. `columns` are the tables and numbers
    of the columns that the results are, 0 where they are none."""

    parameters: tuple[Oid, ...] = ()
    results: tuple[tuple[str, Oid], ...] = ()
    columns: tuple[tuple[Oid, int], ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Failed:
    """The server's objection."""

    sqlstate: str
    message: str


Description = Described | Failed


async def describe(
    connection: AsyncConnection[TupleRow], statements: Sequence[Statement]
) -> AsyncIterator[tuple[Statement, Description]]:
    """Each statement with its description, those under one search_path together.

    `connection` is in autocommit mode; its search_path is another one afterwards.
    """
    here: tuple[str, ...] | None = None
    for each in sorted(statements, key=lambda statement: statement.search_path):
        if each.search_path != here:
            path = sql.SQL(", ").join([*map(sql.Identifier, each.search_path), sql.Identifier("pg_temp")])
            await connection.execute(_PATH, (path.as_string(),))
            here = each.search_path
        yield each, await (_define(connection, each.text) if each.defines else _prepare(connection, each.text))


async def type_names(connection: AsyncConnection[TupleRow], oids: Sequence[Oid]) -> Mapping[Oid, str]:
    """What the types are called."""
    return dict(await (await connection.execute(_TYPES, (list(oids),))).fetchall())


async def _prepare(connection: AsyncConnection[TupleRow], text: str) -> Description:
    """Parse and Describe of the unnamed statement, each a message of its own: neither plans."""
    pgconn = connection.pgconn
    pgconn.send_prepare(b"", text.encode())
    (parsed,) = await connection.wait(generators.execute(pgconn))
    if parsed.status != pq.ExecStatus.COMMAND_OK:
        return _failed(connection, parsed)
    pgconn.send_describe_prepared(b"")
    (described,) = await connection.wait(generators.execute(pgconn))
    if described.status != pq.ExecStatus.COMMAND_OK:
        return _failed(connection, described)
    return Described(
        tuple(described.param_type(number) for number in range(described.nparams)),
        tuple(
            ((described.fname(number) or b"").decode(), described.ftype(number)) for number in range(described.nfields)
        ),
        tuple((described.ftable(number), described.ftablecol(number)) for number in range(described.nfields)),
    )


async def _define(connection: AsyncConnection[TupleRow], text: str) -> Description:
    """The check that CREATE FUNCTION makes of a body, in a transaction that is rolled back."""
    try:
        async with connection.transaction(force_rollback=True):
            await connection.execute(_DEFINED)
            await connection.execute(text.encode(), prepare=False)
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        return Failed(error.sqlstate or "", error.diag.message_primary or str(error))
    return Described()


def _failed(connection: AsyncConnection[TupleRow], result: Any) -> Failed:
    sqlstate = result.error_field(pq.DiagnosticField.SQLSTATE) or b""
    if connection.pgconn.status != pq.ConnStatus.OK:
        raise psycopg.OperationalError("the connection was lost")
    said = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or result.get_error_message().encode()
    return Failed(sqlstate.decode(), said.decode(errors="replace"))
