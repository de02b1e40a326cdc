alter table pgmend.backup
add column relation_oid oid,
add column drop_intended_at timestamptz;

-- Version 1 made backups and did not write them down; how long the listener's settings would have kept them is not
-- known here, so it is what they are by default.
delete from pgmend.backup;

insert into pgmend.backup (fix_id, relation_name, relation_oid, kind, bytes, expires_at)
select
    fix.fix_id,
    relation.relname,
    relation.oid,
    pg_catalog.split_part(relation.relname, '_', 1) as kind,
    pg_catalog.pg_total_relation_size(relation.oid) as bytes,
    fix.finished_at + interval '30 days' as expires_at
from pgmend.fix
cross join lateral pg_catalog.jsonb_array_elements_text(fix.plan -> 'backups') as made (name)
join pg_catalog.pg_class as relation
    on
        relation.relnamespace = 'pgmend_backup'::pg_catalog.regnamespace
        and relation.relkind = 'r'
        and 'pgmend_backup.' || relation.relname = made.name;

alter table pgmend.backup alter column relation_oid set not null;

comment on table pgmend.backup is
'What a rollback needs and where it lies: relations of schema pgmend_backup. A row comes and goes with its relation, in one transaction; the listener drops what has expired, once a day.';
comment on column pgmend.backup.relation_oid is
'That table by OID: where another one has its name by now, that is nobody''s to drop.';
comment on column pgmend.backup.expires_at is
'Until when it is kept: the longer of the settings rollback_window and backup_retention, from when the fix was applied or given up. Null: the fix is on its way.';
comment on column pgmend.backup.drop_intended_at is
'When the listener set out to drop it; where the table is still there, it does so next.';
