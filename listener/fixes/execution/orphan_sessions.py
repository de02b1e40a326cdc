"""Sessions of a fixer that is no more: its process was killed or its connection lost, and the server works on."""

from __future__ import annotations

from datetime import timedelta

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...errors import FixDeferred
from .session import APPLICATION_NAME, milliseconds

_PATIENCE = timedelta(seconds=10)

# Our own, by process id, start and name; nobody else's backend is ever ended (laws 8 and 12). Ending one in SQL leaves
# no moment in which its process id could become another's.
_END_ORPHANS = """
select a.pid, pg_catalog.pg_terminate_backend(a.pid, %(patience)s) as ended
from pg_catalog.pg_stat_activity as a
where a.application_name = %(application_name)s and a.datname = pg_catalog.current_database()
  and a.pid <> pg_catalog.pg_backend_pid() and (
    (a.pid, a.backend_start) in (select o.backend_pid, o.backend_start from pgmend.own_backend as o)
    or (a.pid, a.backend_start) in (
      select s.backend_pid, s.backend_start from pgmend.fix_step as s where s.state = 'intended'))
"""
_FORGET_ORPHANS = """
delete from pgmend.own_backend as o where not exists (
  select from pg_catalog.pg_stat_activity as a where (a.pid, a.backend_start) = (o.backend_pid, o.backend_start))
"""


async def end_orphans(connection: AsyncConnection[TupleRow]) -> None:
    """End every registered session of a fixer but this one, and forget it. Raises FixDeferred where one does not end.

    To be called by the leader alone, while no fix of its own is under way.
    """
    parameters = {"patience": int(milliseconds(_PATIENCE)), "application_name": APPLICATION_NAME}
    for pid, ended in await (await connection.execute(_END_ORPHANS, parameters)).fetchall():
        if not ended:
            raise FixDeferred(
                f"Server process {pid}, a fixer's that is no more, does not end; nothing is fixed until then."
            )
    await connection.execute(_FORGET_ORPHANS)
