"""What planted code does against a server: the rows that it gets and leaves, or the error.

asyncpg is stood in for by its rules, which were held against 0.32 itself: values are encoded by the type that the
server describes, an integer from what has `__int__` (a str has not), text from a str alone, a uuid from a UUID or its
text.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import pq
from psycopg.rows import dict_row

_BY_NAME: Final = {20: "integer", 21: "integer", 23: "integer", 25: "text", 1043: "text", 2950: "uuid"}


class Refused(Exception):
    """The driver does not take the value: asyncpg's DataError."""


class Connection:
    """asyncpg's, as far as planted code needs it."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    async def fetch(self, query: str, *args: Any) -> list[dict[str, Any]]:
        """All rows."""
        with self._connection.cursor(row_factory=dict_row) as cursor:
            return self._sent(cursor, query, args)

    async def fetchrow(self, query: str, *args: Any) -> dict[str, Any] | None:
        """The first row."""
        rows = await self.fetch(query, *args)
        return rows[0] if rows else None

    def _sent(self, cursor: psycopg.Cursor[dict[str, Any]], query: str, args: Sequence[Any]) -> list[dict[str, Any]]:
        pgconn = self._connection.pgconn
        prepared = pgconn.prepare(b"", query.encode())
        if prepared.status != pq.ExecStatus.COMMAND_OK:
            raise psycopg.DatabaseError(prepared.error_message.decode())
        described = pgconn.describe_prepared(b"")
        values = [_encoded(_BY_NAME[described.param_type(place)], value) for place, value in enumerate(args)]
        done = pgconn.exec_prepared(b"", values)
        if done.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
            raise psycopg.DatabaseError(done.error_message.decode())
        del cursor
        return [
            {
                (done.fname(column) or b"").decode(): _decoded(done.ftype(column), done.get_value(row, column))
                for column in range(done.nfields)
            }
            for row in range(done.ntuples)
        ]


def _encoded(kind: str, value: Any) -> bytes | None:
    if value is None:
        return None
    if kind == "integer" and hasattr(value, "__int__"):
        return str(int(value)).encode()
    if kind == "text" and isinstance(value, str):
        return value.encode()
    if kind == "uuid" and isinstance(value, UUID | str):
        return str(value).encode()
    raise Refused(f"{type(value).__name__} for {kind}")


def _decoded(oid: int, value: bytes | None) -> Any:
    if value is None:
        return None
    made = {"integer": int, "uuid": UUID}.get(_BY_NAME.get(oid, ""), str)
    return made(value.decode())


@contextmanager
def _modules() -> Iterator[None]:
    """`import asyncpg` finds the stand-in."""
    module = types.ModuleType("asyncpg")
    module.__dict__["Connection"] = Connection
    before = sys.modules.get("asyncpg")
    sys.modules["asyncpg"] = module
    try:
        yield
    finally:
        del sys.modules["asyncpg"]
        if before is not None:
            sys.modules["asyncpg"] = before


async def outcome(
    connection: psycopg.Connection[Any], driver: str, code: bytes, arguments: Sequence[Any]
) -> tuple[str, Any]:
    """What calling `f` returns, and what is in the tables then; or the error. All of it is undone."""
    space: dict[str, Any] = {"__name__": "planted"}
    try:
        with _modules():
            exec(compile(code, "planted.py", "exec"), space)
            connection.execute("select 1")  # begins the transaction that is undone
            own: Any = Connection(connection) if driver == "asyncpg" else connection
            found: Any = space["f"](own, *arguments)
            if isinstance(found, Awaitable):
                found = await found
        rows = [tuple(each.values()) for each in found]
        left = connection.execute("select id, user_id::text, key::text, note from orders order by 1, 2, 3").fetchall()
        return "done", (rows, [tuple(each.values()) for each in left])
    except (Refused, psycopg.Error, TypeError, ValueError, AttributeError, KeyError) as error:
        return "failed", f"{type(error).__name__}: {error}"
    finally:
        connection.rollback()
