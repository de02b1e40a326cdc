"""An index that backs no constraint gets another name."""

from __future__ import annotations

from .kind import fault_kind

KIND = fault_kind(
    "rename index",
    "CHANGED_DEFINITION MISSING_OBJECT",
    """
    select t.nspname, t.relname, c.relname,
      pg_catalog.format('alter index %%I.%%I rename to %%I', t.nspname, c.relname, %(word)s::text)
    from pg_catalog.pg_index as i
    join own_table as t on t.oid = i.indrelid
    join pg_catalog.pg_class as c on c.oid = i.indexrelid
    where not c.relispartition and not exists (select from pg_catalog.pg_constraint where conindid = i.indexrelid)
    """,
)
