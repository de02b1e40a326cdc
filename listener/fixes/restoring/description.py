"""What columns a query gives, asked of the server without planning or running it."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.generators import execute
from psycopg.pq import ExecStatus

from ...catalog.snapshot import Oid

# The protocol's statement without a name: the next one takes its place.
_UNNAMED = b""


async def described_columns(connection: AsyncConnection[Any], query: str) -> list[tuple[Oid, int]]:
    """Type and type modifier of each column, on every server (pg_prepared_statements tells types from 16 on, and no
    modifiers). Raises psycopg's errors."""
    pgconn = connection.pgconn
    encoding = connection.info.encoding
    async with connection.transaction(), connection.lock:
        pgconn.send_prepare(_UNNAMED, query.encode(encoding))
        (parsed,) = await connection.wait(execute(pgconn))
        if parsed.status == ExecStatus.FATAL_ERROR:
            raise psycopg.errors.error_from_result(parsed, encoding=encoding)
        pgconn.send_describe_prepared(_UNNAMED)
        (columns,) = await connection.wait(execute(pgconn))
    return [(columns.ftype(number), columns.fmod(number)) for number in range(columns.nfields)]
