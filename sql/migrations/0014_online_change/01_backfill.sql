alter table pgmend.backfill
add column replaces smallint,
add column origin smallint,
add column back boolean,
add column triggers oid[] not null default '{}',
add column function_oid oid,
add column stands_on text,
add column swapped_at timestamptz;

create unique index backfill_way on pgmend.backfill (table_oid, origin, back);

comment on table pgmend.backfill is
'A column that a fix makes to take another one''s place: what was made with it, how far it is filled with the rows that were there before it, and whether it has come to its place. Each batch commits with its progress here, and after a crash the next start goes on from it.';
comment on column pgmend.backfill.replaces is 'The number of the column whose place it takes.';
comment on column pgmend.backfill.origin is 'The number of the column that the fix found; after an undo its place is another one''s.';
comment on column pgmend.backfill.back is 'Whether it brings back what that column was.';
comment on column pgmend.backfill.triggers is 'The triggers that keep it in step.';
comment on column pgmend.backfill.function_oid is 'The function that they call.';
comment on column pgmend.backfill.stands_on is
'What the change was begun on, with the transactions that last touched it: the names, the triggers, what is published. It stops where any of that is otherwise.';
comment on column pgmend.backfill.swapped_at is 'When it took that place; null before.';
comment on index pgmend.backfill_way is 'What takes a column''s place, there and back: one at a time each.';
