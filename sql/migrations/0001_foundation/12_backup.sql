create table pgmend.backup (
    backup_id uuid primary key default pg_catalog.gen_random_uuid(),
    fix_id uuid not null references pgmend.fix (fix_id),
    relation_name text not null,
    kind text not null,
    row_count bigint,
    bytes bigint,
    created_at timestamptz not null default pg_catalog.clock_timestamp(),
    expires_at timestamptz
);

create index backup_fix_id on pgmend.backup (fix_id);

comment on table pgmend.backup is 'What a rollback needs and where it lies: relations of schema pgmend_backup.';
comment on column pgmend.backup.backup_id is 'Names the backup.';
comment on column pgmend.backup.fix_id is 'The fix that it undoes.';
comment on column pgmend.backup.relation_name is 'The table in schema pgmend_backup.';
comment on column pgmend.backup.kind is 'What it holds.';
comment on column pgmend.backup.row_count is 'How many rows.';
comment on column pgmend.backup.bytes is 'How large.';
comment on column pgmend.backup.created_at is 'When it was made.';
comment on column pgmend.backup.expires_at is 'When it may be deleted; null: never by itself.';
comment on index pgmend.backup_fix_id is 'The backups of one fix.';
