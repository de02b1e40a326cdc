"""`pgmend.backup`: which relations of schema pgmend_backup are a fix's, by OID.

The transaction that makes a backup writes it down, and the one that drops it strikes it out: neither is ever without
the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from ..catalog.snapshot import Oid

SCHEMA = "pgmend_backup"

# Of a table made a moment ago only its index knows how many rows it has.
_RECORDED = sql.SQL(
    """insert into pgmend.backup (fix_id, relation_name, relation_oid, kind, row_count, bytes)
select {fix_id}::uuid, c.relname, c.oid, pg_catalog.split_part(c.relname, '_', 1),
  (select pg_catalog.max(k.reltuples)::bigint from pg_catalog.pg_index i
   join pg_catalog.pg_class k on k.oid = i.indexrelid where i.indrelid = c.oid and k.reltuples >= 0),
  pg_catalog.pg_total_relation_size(c.oid)
from pg_catalog.pg_class c
where c.relnamespace = 'pgmend_backup'::pg_catalog.regnamespace and c.relkind = 'r' and c.relname = any({names}::text[])
  and not exists (select from pgmend.backup b where b.fix_id = {fix_id}::uuid and b.relation_oid = c.oid)"""
)
_STRUCK_OUT = sql.SQL(
    """delete from pgmend.backup b
where b.fix_id = {fix_id}::uuid and not exists (select from pg_catalog.pg_class c where c.oid = b.relation_oid)"""
)


_IS_STILL_IT = """
select from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where c.oid = %s::oid and c.relname = %s and n.nspname = %s and c.relkind = 'r'
"""


async def is_still_it(connection: AsyncConnection[TupleRow], relation_oid: Oid, name: str) -> bool:
    """Whether the relation that was written down as that backup is there, under that name."""
    return await (await connection.execute(_IS_STILL_IT, (relation_oid, name, SCHEMA))).fetchone() is not None


def backup_name(kind: str, fix_id: UUID) -> str:
    """What the backup of that kind is called that a fix makes."""
    return f"{kind}_{fix_id.hex}"


def recorded(fix_id: UUID, backups: Sequence[str]) -> Iterator[sql.Composed]:
    """Statements that make `pgmend.backup` true of a fix whose plan names those `backups`; none where it names none."""
    if backups:
        names = [name.removeprefix(f"{SCHEMA}.") for name in backups]
        yield _RECORDED.format(fix_id=str(fix_id), names=names)
        yield _STRUCK_OUT.format(fix_id=str(fix_id))
