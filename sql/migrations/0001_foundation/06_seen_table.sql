create table pgmend.seen_table (
    table_oid oid primary key,
    schema_name text not null,
    table_name text not null,
    fingerprint text not null,
    definition jsonb not null,
    seen_at timestamptz not null default pg_catalog.clock_timestamp()
);

comment on table pgmend.seen_table is
'Each table as pgmend saw it last, so that what changed while nobody listened still shows.';
comment on column pgmend.seen_table.table_oid is 'The table, whatever it is called now.';
comment on column pgmend.seen_table.schema_name is 'Its schema then.';
comment on column pgmend.seen_table.table_name is 'Its name then.';
comment on column pgmend.seen_table.fingerprint is 'Differs when anything of the definition differs.';
comment on column pgmend.seen_table.definition is 'Columns, constraints, indexes and the rest, as the catalogs said.';
comment on column pgmend.seen_table.seen_at is 'When it was seen so.';
