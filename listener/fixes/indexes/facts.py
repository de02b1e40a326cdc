"""One index as the catalog has it now, with what no snapshot holds."""

from __future__ import annotations

from typing import NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row

from ...catalog.snapshot import Oid
from ...errors import PlanRefused

_READ = """
select n.nspname::text as schema, c.relname::text as name, c.relkind::text as kind, c.relispartition as attached,
  i.indrelid::bigint as table_oid, i.indisvalid as valid, i.indisready as ready, i.indislive as live,
  i.indisunique as unique, i.indisexclusion as exclusion, i.indisreplident as replica_identity,
  i.indisclustered as clustered, pg_catalog.pg_get_indexdef(i.indexrelid) as definition, s.spcname::text as tablespace,
  pg_catalog.obj_description(i.indexrelid, 'pg_class') as comment,
  case when i.indisunique or i.indisexclusion then -- none stands on another, and they are not found by an index
    (select pg_catalog.array_agg(t.conname::text order by t.oid)
     from pg_catalog.pg_constraint t where t.conindid = i.indexrelid)
  end as constraints,
  (select pg_catalog.array_agg(array[a.attnum::int, a.attstattarget::int] order by a.attnum)
   from pg_catalog.pg_attribute a where a.attrelid = i.indexrelid and a.attstattarget >= 0) as targets,
  exists (select from pg_catalog.pg_stat_progress_create_index p where p.index_relid = i.indexrelid) as being_built
from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join pg_catalog.pg_tablespace s on s.oid = c.reltablespace
where i.indexrelid = %s
"""


class IndexFacts(NamedTuple):
    """An index by name, state and definition. `targets` are (column number, statistics target) of its expressions.

    `constraints` are those that stand on it, foreign keys of other tables included. `kind` is `I` for the index of a
    partitioned table; `attached` says that it is a part of one.
    """

    schema: str
    name: str
    kind: str
    attached: bool
    table_oid: Oid
    valid: bool
    ready: bool
    live: bool
    unique: bool
    exclusion: bool
    replica_identity: bool
    clustered: bool
    definition: str
    tablespace: str | None
    comment: str | None
    constraints: list[str] | None
    targets: list[list[int]] | None
    being_built: bool

    @property
    def usable(self) -> bool:
        """Whether queries use it."""
        return self.valid and self.ready and self.live


async def read_index(connection: AsyncConnection[TupleRow], index: Oid) -> IndexFacts:
    """The index with that OID; raises PlanRefused where it is gone."""
    async with connection.cursor(row_factory=class_row(IndexFacts)) as cursor:
        await cursor.execute(_READ, (index,))
        facts = await cursor.fetchone()
    if facts is None:
        raise PlanRefused(f"The index with OID {index} is gone.")
    return facts
