"""What the server makes of a statement without planning or running it: the types of its parameters and its results, and
the tree of it.

The tree is that of a function with the statement as its body, which the server resolves when the function is made
(BEGIN ATOMIC); the function is never called, and gone again when all is described.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

import pglast
import psycopg
from psycopg import AsyncConnection, generators, pq, sql
from psycopg.rows import TupleRow

from ..catalog.snapshot import Oid
from ..nesting import require_shallow
from .statement import Statement

_PATH: Final = "select pg_catalog.set_config('search_path', %s, false)"
_TYPES: Final = "select oid::bigint, pg_catalog.format_type(oid, null) from pg_catalog.pg_type where oid = any(%s)"
_DEFINED: Final = "set local check_function_bodies = on"
_FUNCTION: Final = "pg_temp.pgmend_meaning()"
_MADE: Final = f"create or replace function {_FUNCTION} returns void begin atomic\n{{}};\nend"
_TREE: Final = (
    f"select p.prosqlbody::text from pg_catalog.pg_proc as p where p.oid = '{_FUNCTION}'::pg_catalog.regprocedure"
)
_TREE_OF_OTHER: Final = f"""
select p.prosqlbody::text from pg_catalog.pg_proc as p
where p.pronamespace = pg_catalog.pg_my_temp_schema()
  and p.oid is distinct from pg_catalog.to_regprocedure('{_FUNCTION}')
"""
_GONE: Final = f"drop function if exists {_FUNCTION}"
_SPELLED: Final = """
select t.oid::bigint, pg_catalog.format('(null::%%I.%%I)', n.nspname, t.typname)
from pg_catalog.pg_type as t join pg_catalog.pg_namespace as n on n.oid = t.typnamespace where t.oid = any(%s)
"""


@dataclass(frozen=True, slots=True)
class Failed:
    """The server's objection."""

    sqlstate: str
    message: str


@dataclass(frozen=True, slots=True)
class Described:
    """Type OIDs of the parameters by number, and of the results with their names; the same where these are.

    `columns` are the tables and numbers of the columns that the results are, 0 where they are none. `tree` is the
    server's own, as it writes it; where one was asked for and there is none, `opaque` says why.
    """

    parameters: tuple[Oid, ...] = ()
    results: tuple[tuple[str, Oid], ...] = ()
    columns: tuple[tuple[Oid, int], ...] = field(default=(), compare=False)
    tree: str | None = field(default=None, compare=False)
    opaque: Failed | None = field(default=None, compare=False)


Description = Described | Failed


async def describe(
    connection: AsyncConnection[TupleRow], statements: Sequence[Statement], *, trees: bool = False
) -> AsyncIterator[tuple[Statement, Description]]:
    """Each statement with its description, those under one search_path together.

    `connection` is in autocommit mode; its search_path is another one afterwards. With `trees` temporary functions are
    made, and so the database is to be a scratch one; without, nothing is written.
    """
    here: tuple[str, ...] | None = None
    types = _Types(connection)
    for each in sorted(statements, key=lambda statement: statement.search_path):
        if each.search_path != here:
            path = sql.SQL(", ").join([*map(sql.Identifier, each.search_path), sql.Identifier("pg_temp")])
            await connection.execute(_PATH, (path.as_string(),))
            here = each.search_path
        if each.defines is not None:
            yield each, await _define(connection, each.text, each.defines)
            continue
        described = await _prepare(connection, each.text)
        if trees and isinstance(described, Described):
            described = await _with_tree(connection, each, described, types)
        yield each, described
    if trees:
        await connection.execute(_GONE)


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


async def _with_tree(
    connection: AsyncConnection[TupleRow], statement: Statement, described: Described, types: _Types
) -> Described:
    """The same with its tree, or why there is none."""
    try:
        text = await types.in_place_of_parameters(statement.text, described.parameters)
    except pglast.Error as error:
        return replace(described, opaque=Failed("", f"its parameters are not found ({error.args[0]})"))
    pgconn = connection.pgconn
    # As a message that takes one command: a text can be no more than the body.
    pgconn.send_query_params(_MADE.format(text).encode(), None)
    (made,) = await connection.wait(generators.execute(pgconn))
    if made.status != pq.ExecStatus.COMMAND_OK:
        return replace(described, opaque=_failed(connection, made))
    row = await (await connection.execute(_TREE)).fetchone()
    return replace(described, tree=row[0] if row else None)


class _Types:
    """Values of types by OID, as SQL writes them under any search_path."""

    def __init__(self, connection: AsyncConnection[TupleRow]) -> None:
        self._connection = connection
        self._nulls: dict[Oid, str] = {}

    async def in_place_of_parameters(self, text: str, parameters: Sequence[Oid]) -> str:
        """The text with a NULL of its type for each parameter, of which a function can have a hundred only."""
        if not parameters:
            return text
        if unknown := set(parameters) - self._nulls.keys():
            self._nulls.update(await (await self._connection.execute(_SPELLED, (list(unknown),))).fetchall())
        require_shallow(text)
        for token in reversed(cast("list[Any]", pglast.parser.scan(text))):
            if token.name == "PARAM":
                value = self._nulls[parameters[int(text[token.start + 1 : token.end + 1]) - 1]]
                text = f"{text[: token.start]} {value} {text[token.end + 1 :]}"
        return text


async def _define(connection: AsyncConnection[TupleRow], text: str, atomic: str) -> Description:
    """The check that CREATE FUNCTION makes of a body, and the tree of it, in transactions that are rolled back."""
    try:
        async with connection.transaction(force_rollback=True):
            await connection.execute(_DEFINED)
            await connection.execute(text.encode(), prepare=False)
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        return _objection(error)
    try:
        async with connection.transaction(force_rollback=True):
            await connection.execute(atomic.encode(), prepare=False)
            row = await (await connection.execute(_TREE_OF_OTHER)).fetchone()
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        return Described(opaque=_objection(error))
    return Described(tree=row[0] if row else None)


def _objection(error: psycopg.Error) -> Failed:
    return Failed(error.sqlstate or "", error.diag.message_primary or str(error))


def _failed(connection: AsyncConnection[TupleRow], result: Any) -> Failed:
    sqlstate = result.error_field(pq.DiagnosticField.SQLSTATE) or b""
    if connection.pgconn.status != pq.ConnStatus.OK:
        raise psycopg.OperationalError("the connection was lost")
    said = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or result.get_error_message().encode()
    return Failed(sqlstate.decode(), said.decode(errors="replace"))
