alter table pgmend.aftermath
drop constraint aftermath_state_check,
add constraint aftermath_state_check check (state in ('awaited', 'watching', 'quiet', 'regressed', 'ended')),
alter column ends_at drop not null,
alter column load_then drop not null,
add column waits_seen integer not null default 0;

create index aftermath_awaited on pgmend.aftermath (fix_id) where state = 'awaited';

comment on column pgmend.aftermath.state is
'awaited until the fix is applied; watching; then quiet, or regressed where something is worse than before, or ended where the fix was undone meanwhile.';
comment on column pgmend.aftermath.ends_at is 'Until when it is watched; null while the fix is awaited.';
comment on column pgmend.aftermath.load_then is 'The same once it was applied; null before.';
comment on column pgmend.aftermath.waits_seen is
'At how many looks in a row more sessions waited for its tables than before: one wait is nobody''s regression.';
comment on index pgmend.aftermath_awaited is 'Fixes that are not applied yet, or whose listener died before it could watch them.';
