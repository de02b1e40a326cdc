create table pgmend.backfill (
    table_oid oid not null,
    column_number smallint not null,
    fix_id uuid not null references pgmend.fix (fix_id) on delete cascade,
    file oid not null,
    next_page bigint not null,
    end_page bigint not null,
    filled bigint not null default 0,
    batches bigint not null default 0,
    started_at timestamptz not null default pg_catalog.clock_timestamp(),
    finished_at timestamptz,
    finished_by xid8,
    primary key (table_oid, column_number)
);

create index backfill_fix_id on pgmend.backfill (fix_id);

comment on table pgmend.backfill is
'How far a column that a fix adds is filled with the rows that were there before it: each batch commits with its progress here, and after a crash the next start goes on from it.';
comment on column pgmend.backfill.table_oid is 'The table.';
comment on column pgmend.backfill.column_number is 'The number of the new column; PostgreSQL never gives it to another one.';
comment on column pgmend.backfill.fix_id is 'The fix that fills it.';
comment on column pgmend.backfill.file is 'The table''s file: where it is another one by now, rows have moved and the backfill begins anew.';
comment on column pgmend.backfill.next_page is 'All rows on pages before this one are done.';
comment on column pgmend.backfill.end_page is 'The first page that was not there when the backfill began; what came later is filled as it is written.';
comment on column pgmend.backfill.filled is 'How many rows it filled.';
comment on column pgmend.backfill.batches is 'In how many transactions.';
comment on column pgmend.backfill.started_at is 'When it began.';
comment on column pgmend.backfill.finished_at is 'When all pages were done; null before.';
comment on column pgmend.backfill.finished_by is 'A transaction after its last batch: an older snapshot may not see all of it.';
comment on index pgmend.backfill_fix_id is 'The backfills of one fix.';
