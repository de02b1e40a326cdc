-- The search paths that sessions start with, and who owns the database. What the server's configuration says is told as
-- our own session has it.
select
    (
        select pg_catalog.pg_get_userbyid(d.datdba)
        from pg_catalog.pg_database as d
        where d.datname = pg_catalog.current_database()
    ) as owner,
    array(
        select s.reset_val
        from pg_catalog.pg_settings as s
        where s.name = 'search_path'
        union
        select pg_catalog.substr(c.setting, pg_catalog.length('search_path=') + 1)
        from pg_catalog.pg_db_role_setting as r
        cross join pg_catalog.unnest(r.setconfig) as c (setting)
        where
            r.setdatabase in (
                select d.oid
                from pg_catalog.pg_database as d
                where d.datname = pg_catalog.current_database()
                union all
                select 0::pg_catalog.oid
            )
            and pg_catalog.starts_with(c.setting, 'search_path=')
        order by 1
    ) as search_paths
