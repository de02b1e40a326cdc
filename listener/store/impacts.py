"""`pgmend.impact`: what statements did that ran; the event of each has the rest."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..impact.impact import KEPT, Doing, Impact, Impacts, Lock, Size

_INSERT = """
insert into pgmend.impact (event_id, table_oid, subject, column_numbers, doing, lock_mode, what, because, table_bytes,
  index_bytes, table_rows, measured, estimate, took, held, instead, advice, occurred_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
on conflict (event_id, table_oid, subject, column_numbers) do nothing
"""
_READ = """
select impact.event_id::text, impact.table_oid::bigint, impact.subject, impact.column_numbers, impact.doing,
  impact.lock_mode, impact.what, impact.because, impact.table_bytes, impact.index_bytes, impact.table_rows,
  impact.measured, impact.estimate, impact.took, impact.held, impact.instead, impact.advice, impact.occurred_at,
  event.command_tag, event.effective_role, event.application_name, event.statement
from pgmend.impact join pgmend.ddl_log as event using (event_id)
where impact.occurred_at > clock_timestamp() - %s
"""
# In catalogs only: a name in a schema that is closed to us, or is not there, would be an error.
_READABLE = """
select n.nspname is not null and pg_catalog.has_schema_privilege(n.oid, 'usage')
  and pg_catalog.bool_and(pg_catalog.has_table_privilege(c.oid, 'select')) and pg_catalog.count(*) = 2
from pg_catalog.pg_namespace as n join pg_catalog.pg_class as c on c.relnamespace = n.oid
where n.nspname = 'pgmend' and c.relname in ('impact', 'ddl_log') and c.relkind = 'r'
group by n.oid, n.nspname
"""


async def write_impacts(connection: AsyncConnection[TupleRow], impacts: Iterable[Impact]) -> None:
    """Append, within the caller's transaction."""
    rows = [
        (
            each.event_id,
            each.table,
            each.subject,
            list(each.columns),
            each.doing.value,
            each.lock.value,
            each.what,
            each.because,
            each.size.table_bytes,
            each.size.index_bytes,
            each.size.rows,
            each.size.measured,
            each.estimate,
            each.took,
            each.held,
            list(each.instead),
            each.advice,
            each.occurred_at,
        )
        for each in impacts
    ]
    if rows:
        async with connection.cursor() as cursor:
            await cursor.executemany(_INSERT, rows)


async def read_impacts(connection: AsyncConnection[TupleRow], within: timedelta = KEPT) -> Impacts:
    """The impacts of that time."""
    cursor = await connection.execute(_READ, (within,))
    return Impacts().with_new([_impact(row) async for row in cursor])


async def may_read_impacts(connection: AsyncConnection[TupleRow]) -> bool:
    """Whether pgmend is installed, and this role may read what it heard."""
    row = await (await connection.execute(_READABLE)).fetchone()
    return bool(row and row[0])


def _impact(row: TupleRow) -> Impact:
    (
        event_id,
        table,
        subject,
        columns,
        doing,
        lock,
        what,
        because,
        table_bytes,
        index_bytes,
        rows,
        measured,
        estimate,
        took,
        held,
        instead,
        advice,
        occurred_at,
        command_tag,
        role,
        application,
        statement,
    ) = row
    return Impact(
        event_id=event_id,
        table=table,
        subject=subject,
        columns=tuple(columns),
        doing=Doing(doing),
        lock=Lock(lock),
        what=what,
        because=because,
        size=Size(table_bytes, index_bytes, rows, measured),
        estimate=estimate,
        took=took,
        held=held,
        instead=tuple(instead),
        advice=advice,
        occurred_at=occurred_at,
        command_tag=command_tag,
        role=role,
        application=application or None,
        statement=statement,
    )
