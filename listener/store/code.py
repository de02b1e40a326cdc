"""`pgmend.code_reading`: the application's code as it was read last."""

from __future__ import annotations

from typing import Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..codebase.account import Figures

_WRITE: Final = """
with left_behind as (delete from pgmend.code_reading where root <> %(root)s)
insert into pgmend.code_reading (root, files, lines, statements, judged, dynamic, read_at, trouble)
values (%(root)s, %(files)s, %(lines)s, %(statements)s, %(judged)s, %(dynamic)s, clock_timestamp(), %(trouble)s)
on conflict (root) do update set files = excluded.files, lines = excluded.lines, statements = excluded.statements,
  judged = excluded.judged, dynamic = excluded.dynamic, read_at = excluded.read_at, trouble = excluded.trouble
"""


async def write_reading(connection: AsyncConnection[TupleRow], figures: Figures) -> None:
    """Put down how much code there is and what was wrong with reading it; of other folders nothing is left."""
    await connection.execute(_WRITE, figures._asdict())


async def forget_reading(connection: AsyncConnection[TupleRow]) -> None:
    """No code is watched."""
    await connection.execute("delete from pgmend.code_reading")
