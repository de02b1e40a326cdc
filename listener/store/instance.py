"""`pgmend.instance`: is this the database that pgmend was installed in, or a copy of it?"""

from __future__ import annotations

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...sql import scripts
from ..errors import CouldNotLook

_CHECK = """
select
  i.database_oid is distinct from d.oid as other_database,
  i.system_identifier is distinct from c.system_identifier::text as other_server
from pgmend.instance as i, pg_catalog.pg_database as d, pg_catalog.pg_control_system() as c
where d.datname = current_database()
"""
_ADOPT = "`pgmend install --adopt` makes it one of its own"


async def why_a_copy(connection: AsyncConnection[TupleRow]) -> str | None:
    """Why this must be a restored or branched copy (then pgmend only observes), or None where it is the original."""
    row = await (await connection.execute(_CHECK)).fetchone()
    if row is None:
        return "pgmend.instance has no row: the installation is incomplete; run `pgmend install`"
    if row[1]:
        return f"pgmend was installed on another server; this database is a restored copy. {_ADOPT}"
    if row[0]:
        return f"pgmend was installed in another database of this server; this one is a copy. {_ADOPT}"
    return None


async def require_installation(connection: AsyncConnection[TupleRow]) -> None:
    """Raise CouldNotLook, with the cure, where schema pgmend is missing or of another version than this program."""
    row = await (await connection.execute("select to_regclass('pgmend.instance') is not null")).fetchone()
    if not (row and row[0]):
        raise CouldNotLook("pgmend is not installed in this database: run `pgmend install`.")
    row = await (await connection.execute("select schema_version from pgmend.instance")).fetchone()
    known = scripts.latest_version(scripts.packaged())
    if row is None or row[0] != known:
        installed = "an incomplete" if row is None else f"version {row[0]} of the"
        raise CouldNotLook(
            f"This database has {installed} SQL half, this program knows version {known}: run `pgmend install`,"
            " which also upgrades, with the newer of the two programs."
        )
