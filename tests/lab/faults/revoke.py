"""A right is taken away: what was granted on a table or a function, or what everybody could execute."""

from __future__ import annotations

from .kind import fault_kind

KIND = fault_kind(
    "revoke",
    "CHANGED_DEFINITION",
    """
    select t.nspname, t.relname, t.relname,
      pg_catalog.format('revoke all on %%s from %%s cascade', t.named,
        coalesce(pg_catalog.quote_ident(r.rolname), 'public'))
    from own_table as t
    cross join lateral pg_catalog.aclexplode(t.relacl) as a
    left join pg_catalog.pg_roles as r on r.oid = a.grantee
    where a.grantee <> t.relowner
    group by 1, 2, 3, 4
    union all
    select n.nspname, '', p.proname, pg_catalog.format('revoke execute on routine %%s from public', p.oid::regprocedure)
    from pg_catalog.pg_proc as p
    join own_schema as n on n.oid = p.pronamespace
    where not exists (select from members where classid = 'pg_catalog.pg_proc'::regclass and objid = p.oid)
    """,
)
