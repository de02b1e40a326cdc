-- Roles that own a view, and those that row security does not bind; of the former, whose rights they have by membership.
with owning as (
    select distinct c.relowner
    from pg_catalog.pg_class as c
    where c.relkind in ('v', 'm') and c.oid >= 16384
)

select
    pg_catalog.array_agg(r.rolname) as names,
    pg_catalog.array_agg(r.rolsuper) as are_superusers,
    pg_catalog.array_agg(r.rolbypassrls) as are_bypassing,
    pg_catalog.array_agg(
        case
            when not r.rolsuper and r.oid in (select v.relowner from owning as v)
                then pg_catalog.array_to_json(array(
                    select m.rolname::pg_catalog.text
                    from pg_catalog.pg_roles as m
                    where m.oid <> r.oid and pg_catalog.pg_has_role(r.oid, m.oid, 'usage')
                    order by m.rolname collate "C"
                ))::pg_catalog.text
        end
    ) as rights
from pg_catalog.pg_roles as r
where r.rolsuper or r.rolbypassrls or r.oid in (select v.relowner from owning as v)
