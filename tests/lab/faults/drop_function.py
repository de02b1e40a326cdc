"""A function on which nothing stands is dropped."""

from __future__ import annotations

from .kind import fault_kind

KIND = fault_kind(
    "drop function",
    "MISSING_OBJECT",
    """
    select n.nspname, '', p.proname, pg_catalog.format('drop routine %%s', p.oid::regprocedure)
    from pg_catalog.pg_proc as p
    join own_schema as n on n.oid = p.pronamespace
    where not exists (select from members where classid = 'pg_catalog.pg_proc'::regclass and objid = p.oid)
    """,
)
