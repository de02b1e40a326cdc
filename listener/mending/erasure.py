"""What somebody erased from a table goes from its backups, too: of a row that is gone no undo needs a copy.

A backup knows its rows by a key. Which table and columns that key is of the plan of its fix says, by OID and number.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import psycopg
import structlog
from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow, class_row

from ..connections import ConnectionSource
from ..errors import GaveWay, LeaseLost, PlanStale
from ..fixes.backup_record import SCHEMA, is_still_it
from ..fixes.composed import identifier, lock, verbatim
from ..fixes.execution.courtesy import Courtesy
from ..fixes.execution.session import milliseconds
from ..fixes.sqlstates import in_words
from ..hand import MARK
from ..hearing.lease import Lease

log = structlog.get_logger()

# Of a fix that is on its way back the backup is being read.
_KEYED = """
select f.fix_id, b.backup_id, b.relation_oid::bigint, b.relation_name as backup, (keyed ->> 'table')::bigint as "table",
  array(select number::smallint from pg_catalog.jsonb_array_elements_text(keyed -> 'columns') as number) as columns
from pgmend.fix as f cross join lateral pg_catalog.jsonb_array_elements(f.plan -> 'keyed') as keyed
join pgmend.backup as b on b.fix_id = f.fix_id and b.relation_name = keyed ->> 'name'
where f.state = 'applied' and pg_catalog.jsonb_typeof(f.plan -> 'keyed') = 'array'
order by f.fix_id
"""
_NAMED = """
select n.nspname::text, c.relname::text, array(
  select a.attname::text from pg_catalog.unnest(%s::smallint[]) with ordinality as key (number, place)
  join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum = key.number and not a.attisdropped
  order by key.place)
from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where c.oid = %s::oid and c.relkind in ('r', 'p')
"""
_BOUNDS = "select pg_catalog.set_config('lock_timeout', %s, true), pg_catalog.set_config('row_security', 'off', true)"
_FEWER = "update pgmend.backup set row_count = row_count - %s where backup_id = %s"
_AUDIT = """
insert into pgmend.audit (action, object, detail)
values ('backup.erased', %s, pg_catalog.jsonb_build_object('relation', %s::text, 'rows', %s::bigint))
"""


@dataclass(frozen=True, slots=True)
class _Keyed:
    fix_id: UUID
    backup_id: UUID
    relation_oid: int
    backup: str
    table: int
    columns: list[int]


async def erase_gone(connections: ConnectionSource, lease: Lease, lock_timeout: timedelta, courtesy: Courtesy) -> int:
    """Delete from each backup the rows whose like is gone from the table; how many. Each backup in a transaction.

    Locks: ACCESS SHARE on the table, waited for no longer than `lock_timeout`, and given up where others wait for it;
    what is in the way is looked at again by the next round. Raises LeaseLost.
    """
    erased = 0
    async with connections.connection("housekeeper") as connection:
        async with connection.cursor(row_factory=class_row(_Keyed)) as cursor:
            several = await (await cursor.execute(_KEYED)).fetchall()
        for keyed in several:
            try:
                erasing = _erase(connection, lease, lock_timeout, keyed)
                erased += await courtesy.read(connection, erasing, "Looking for what was erased")
            except (PlanStale, GaveWay) as moved:
                log.warning("backup not looked through", backup=keyed.backup, reason=str(moved))
            except psycopg.Error as error:
                if connection.closed:
                    raise
                log.warning("backup not looked through", backup=keyed.backup, reason=in_words(error))
    return erased


async def _erase(connection: AsyncConnection[TupleRow], lease: Lease, lock_timeout: timedelta, keyed: _Keyed) -> int:
    async with connection.transaction():
        return await _erased(connection, lease, lock_timeout, keyed)


async def _erased(connection: AsyncConnection[TupleRow], lease: Lease, lock_timeout: timedelta, keyed: _Keyed) -> int:
    if not await lease.hold(connection):
        raise LeaseLost("Nothing is erased from backups: another listener leads by now.")
    await connection.execute(_BOUNDS, (milliseconds(lock_timeout),))
    row = await _locked(connection, keyed)
    ours = await is_still_it(connection, keyed.relation_oid, keyed.backup)
    if not ours or (row is not None and len(row[2]) != len(keyed.columns)):
        log.warning("backup not looked through", backup=keyed.backup, reason="it, or a column of its key, is gone")
        return 0
    statement = _all(keyed) if row is None else _gone(keyed, row[0], row[1], row[2])
    gone = (await connection.execute(statement)).rowcount
    if gone:
        await connection.execute(_FEWER, (gone, keyed.backup_id))
        await connection.execute(_AUDIT, (str(keyed.fix_id), keyed.backup, gone))
    return gone


async def _locked(connection: AsyncConnection[TupleRow], keyed: _Keyed) -> TupleRow | None:
    """Schema, name and key columns of the table, which nobody renames from now on; None where it is gone."""
    row = await (await connection.execute(_NAMED, (keyed.columns, keyed.table))).fetchone()
    if row is None:
        return None
    await connection.execute(verbatim(lock(identifier(row[0], row[1]).as_string(), "access share")))
    again = await (await connection.execute(_NAMED, (keyed.columns, keyed.table))).fetchone()
    if again != row:
        raise PlanStale(f"The table of the backup {keyed.backup} was renamed while it was looked at.")
    return row


def _gone(keyed: _Keyed, schema: str, table: str, columns: list[str]) -> sql.Composed:
    """DELETE of what the table has no row for; the types of the keys are PostgreSQL's own, and so is their equality."""
    same = sql.SQL(" and ").join(
        sql.SQL("s.{} operator(pg_catalog.=) b.{}").format(sql.Identifier(column), sql.Identifier(f"key_{place}"))
        for place, column in enumerate(columns, 1)
    )
    return sql.SQL(MARK + " delete from only {} as b where not exists (select from only {} as s where {})").format(
        verbatim(identifier(SCHEMA, keyed.backup).as_string()), verbatim(identifier(schema, table).as_string()), same
    )


def _all(keyed: _Keyed) -> sql.Composed:
    """DELETE of everything: the table itself is gone."""
    return sql.SQL("delete from only {}").format(verbatim(identifier(SCHEMA, keyed.backup).as_string()))
