"""Which database this is: OIDs of another one mean nothing here."""

from __future__ import annotations

from typing import Any, Final

from psycopg import AsyncConnection

_IDENTITY: Final = """
select c.system_identifier || '/' || d.oid
from pg_catalog.pg_control_system() as c, pg_catalog.pg_database as d
where d.datname = pg_catalog.current_database()
"""


async def database_identity(connection: AsyncConnection[Any]) -> str:
    """System identifier and OID: a restored or branched copy has another one."""
    row = await (await connection.execute(_IDENTITY)).fetchone()
    assert row is not None
    return str(row[0])
