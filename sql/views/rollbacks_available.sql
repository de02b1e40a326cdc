create or replace view pgmend.rollbacks_available as
select
    fix.fix_id,
    coalesce(fix.plan ->> 'summary', fix.kind) as summary,
    fix.issue_id,
    issue.issue_type,
    issue.schema_name,
    issue.table_name,
    issue.column_name,
    fix.finished_at as applied_at,
    fix.undo_until,
    backups.relations as backups,
    backups.bytes as backup_bytes,
    backups.expires_at as backup_expires_at,
    coalesce(fix.undo_until <= pg_catalog.clock_timestamp(), false) as rebuilds_from_backup
from pgmend.fix
join pgmend.issue on issue.issue_id = fix.issue_id
cross join lateral (
    select
        pg_catalog.count(*) as relations,
        pg_catalog.sum(backup.bytes) as bytes,
        pg_catalog.min(backup.expires_at) as expires_at
    from pgmend.backup
    where
        backup.fix_id = fix.fix_id
        and coalesce(backup.expires_at > pg_catalog.clock_timestamp(), true)
) as backups
where
    fix.state = 'applied'
    and fix.plan -> 'inverse' is distinct from '[]'
    -- Within its time or after it: an undo that needs backups needs all of them.
    and backups.relations >= coalesce(pg_catalog.jsonb_array_length(fix.plan -> 'backups'), 0)
    and (coalesce(fix.undo_until > pg_catalog.clock_timestamp(), true) or backups.relations > 0)
order by fix.finished_at desc;

revoke all on pgmend.rollbacks_available from public;

comment on view pgmend.rollbacks_available is
'Fixes that can be undone: select pgmend.rollback(fix_id). Not here is one whose time is over, whose backup has expired or is gone, or that has nothing to undo.';
comment on column pgmend.rollbacks_available.fix_id is 'Names the fix.';
comment on column pgmend.rollbacks_available.summary is 'What it did.';
comment on column pgmend.rollbacks_available.issue_id is 'What it fixed.';
comment on column pgmend.rollbacks_available.issue_type is 'What was wrong there.';
comment on column pgmend.rollbacks_available.schema_name is 'The schema of the table.';
comment on column pgmend.rollbacks_available.table_name is 'The table.';
comment on column pgmend.rollbacks_available.column_name is 'The column, where it is about one.';
comment on column pgmend.rollbacks_available.applied_at is 'When it was applied.';
comment on column pgmend.rollbacks_available.undo_until is
'Until when the undo is as short as its plan says; null: always. With a backup it can still be undone after that.';
comment on column pgmend.rollbacks_available.backups is 'How many backup tables it keeps.';
comment on column pgmend.rollbacks_available.backup_bytes is 'How large they are.';
comment on column pgmend.rollbacks_available.backup_expires_at is
'Until when they are kept: after that there is no undo.';
comment on column pgmend.rollbacks_available.rebuilds_from_backup is
'True after undo_until: the undo rebuilds from the backup.';
