create table pgmend.expectation (
    singleton boolean primary key default true check (singleton),
    source text not null check (source in ('captured', 'declared')),
    locked boolean not null default false,
    origin text,
    migration_version text,
    server_version integer not null,
    database_identity text,
    captured_at timestamptz not null default pg_catalog.clock_timestamp(),
    captured_by text not null default session_user
);

comment on table pgmend.expectation is
'Where the expected schema comes from; no row where none was captured or declared. Its objects are in pgmend.expected_object.';
comment on column pgmend.expectation.singleton is 'Keeps this table at one row.';
comment on column pgmend.expectation.source is
'captured from this database, or declared by SQL files or by a command that builds the schema.';
comment on column pgmend.expectation.locked is
'True where differences are healed; a captured schema that is not locked is only reported upon.';
comment on column pgmend.expectation.origin is 'The file, the folder or the command that declared it.';
comment on column pgmend.expectation.migration_version is
'What the migration tool had recorded when the schema was declared: it heals only while this database has the same.';
comment on column pgmend.expectation.server_version is 'The server on which it was portrayed, such as 180004.';
comment on column pgmend.expectation.captured_at is 'When it was captured or declared.';
comment on column pgmend.expectation.captured_by is 'The role that did it.';
comment on column pgmend.expectation.database_identity is
'System identifier and OID of the database that the OIDs in pgmend.expected_object are of: in a copy they mean nothing.';
