-- The tables that were remembered: see remembered.sql.
select pg_catalog.current_setting('pgmend.tables')::pg_catalog.oid[] as oids
