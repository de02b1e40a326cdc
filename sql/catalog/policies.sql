-- Policies of row security, whether or not the table has it enabled. Roles are told by name, PUBLIC as `public`, which no
-- role is called.
select
    pg_catalog.array_agg(p.polrelid) as tables,
    pg_catalog.array_agg(p.oid) as oids,
    pg_catalog.array_agg(p.polname) as names,
    pg_catalog.array_agg(p.polcmd) as commands,
    pg_catalog.array_agg(p.polpermissive) as are_permissive,
    pg_catalog.array_agg(pg_catalog.array_to_json(array(
        select case r.oid when 0 then 'public' else pg_catalog.pg_get_userbyid(r.oid)::pg_catalog.text end
        from pg_catalog.unnest(p.polroles) with ordinality as r (oid, place)
        order by r.place
    ))::pg_catalog.text) as roles,
    pg_catalog.array_agg(pg_catalog.hashtextextended(p.polqual::pg_catalog.text collate "C", 0)) as conditions,
    pg_catalog.array_agg(pg_catalog.hashtextextended(p.polwithcheck::pg_catalog.text collate "C", 0)) as checks
from pg_catalog.pg_policy as p
where p.polrelid = any((select w.oids from wanted as w)::pg_catalog.oid[])
