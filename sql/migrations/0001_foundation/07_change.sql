create table pgmend.change (
    change_id uuid primary key default pg_catalog.gen_random_uuid(),
    seen_at timestamptz not null default pg_catalog.clock_timestamp(),
    event_id uuid,
    fix_id uuid,
    table_oid oid not null,
    schema_name text not null,
    table_name text not null,
    kind text not null,
    object_name text,
    object_oid oid,
    column_number integer,
    before jsonb,
    after jsonb
);

create index change_seen_at on pgmend.change (seen_at);
create index change_table_oid on pgmend.change (table_oid, seen_at);

comment on table pgmend.change is
'What changed between two looks at a table, by OID and column number: a rename is a rename. Kept for a time (pgmend.expire).';
comment on column pgmend.change.change_id is 'Names the change.';
comment on column pgmend.change.seen_at is 'When it was noticed.';
comment on column pgmend.change.event_id is 'The event that made it, where one was recorded (pgmend.ddl_log).';
comment on column pgmend.change.fix_id is 'The fix of ours that made it; null for everybody else''s.';
comment on column pgmend.change.table_oid is 'The table.';
comment on column pgmend.change.schema_name is 'Its schema then.';
comment on column pgmend.change.table_name is 'Its name then.';
comment on column pgmend.change.kind is 'What sort of change.';
comment on column pgmend.change.object_name is 'The column, constraint, index or other part that changed.';
comment on column pgmend.change.object_oid is 'That part''s OID, where it has one of its own.';
comment on column pgmend.change.column_number is 'The column''s number, where a column changed.';
comment on column pgmend.change.before is 'How it was; null: it was not there.';
comment on column pgmend.change.after is 'How it is; null: it is gone.';
comment on index pgmend.change_seen_at is 'For what changed lately and for retention.';
comment on index pgmend.change_table_oid is 'The changes of one table.';
