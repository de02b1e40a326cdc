-- A copy of the database (restore, branch, template) carries this row along; what it says then no longer fits the
-- database it is read in, and pgmend only observes until somebody adopts the copy.
create table pgmend.instance (
    instance_id uuid primary key default pg_catalog.gen_random_uuid(),
    system_identifier text,
    database_oid oid not null,
    schema_version integer not null,
    installed_at timestamptz not null default pg_catalog.clock_timestamp(),
    installed_by text not null default session_user,
    singleton boolean not null default true unique check (singleton)
);

comment on table pgmend.instance is
'One row: the database that pgmend was installed in. In a copy of it pgmend observes and fixes nothing.';
comment on column pgmend.instance.instance_id is 'Drawn at install and again when a copy is adopted.';
comment on column pgmend.instance.system_identifier is
'The server, as pg_control_system() names it; null where the installing role could not read it.';
comment on column pgmend.instance.database_oid is 'The database, as pg_database names it.';
comment on column pgmend.instance.schema_version is 'The number of the last migration applied to schema pgmend.';
comment on column pgmend.instance.installed_at is 'When pgmend was installed, or this copy adopted.';
comment on column pgmend.instance.installed_by is 'The role that did it.';
comment on column pgmend.instance.singleton is 'Keeps this table at one row.';
