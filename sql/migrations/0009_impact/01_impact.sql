create table pgmend.impact (
    event_id uuid not null,
    table_oid oid not null,
    subject text not null,
    column_numbers smallint[] not null,
    doing text not null,
    lock_mode text not null,
    what text not null,
    because text not null,
    table_bytes bigint not null,
    index_bytes bigint not null,
    table_rows bigint,
    measured boolean not null,
    estimate interval not null,
    took interval not null,
    held interval not null,
    instead text[] not null,
    advice text not null,
    occurred_at timestamptz not null,
    primary key (event_id, table_oid, subject, column_numbers)
);

create index impact_occurred_at on pgmend.impact (occurred_at);

comment on table pgmend.impact is
'What statements locked, rewrote or read through on tables of some size: what UNSAFE_DDL tells. The event has the rest (pgmend.ddl_log).';
comment on column pgmend.impact.event_id is 'The event whose statement it was.';
comment on column pgmend.impact.table_oid is 'The table.';
comment on column pgmend.impact.subject is 'The constraint or index that it made or dropped, or empty.';
comment on column pgmend.impact.column_numbers is 'The numbers of the columns that it was about.';
comment on column pgmend.impact.doing is
'What took the time: rewrite, scan, build or drop_index; wait where the statement held its lock, or waited for it, for long.';
comment on column pgmend.impact.lock_mode is 'The strongest lock that the statement took on the table.';
comment on column pgmend.impact.what is 'What it did, in words.';
comment on column pgmend.impact.because is 'How that is known.';
comment on column pgmend.impact.table_bytes is 'The size of the table when the event was heard, TOAST and partitions included.';
comment on column pgmend.impact.index_bytes is 'The size of all its indexes.';
comment on column pgmend.impact.table_rows is 'Its rows as the planner knows them; null where nobody has counted.';
comment on column pgmend.impact.measured is 'False where a lock was in the way and the size is the planner''s.';
comment on column pgmend.impact.estimate is 'How long the work under the lock takes, by the size.';
comment on column pgmend.impact.took is 'From when the client sent the statement to its end, waiting for locks included.';
comment on column pgmend.impact.held is 'From there to the last other event of its transaction: at least so long was the lock held on.';
comment on column pgmend.impact.instead is 'Statements that come to the same and keep nobody waiting.';
comment on column pgmend.impact.advice is 'What else there is to say of how to run it next time.';
comment on column pgmend.impact.occurred_at is 'When the command ended.';
comment on index pgmend.impact_occurred_at is 'For those that are still told, and for retention.';
