create table pgmend.aftermath (
    fix_id uuid primary key references pgmend.fix (fix_id) on delete cascade,
    state text not null check (state in ('watching', 'quiet', 'regressed', 'ended')),
    began_at timestamptz not null default pg_catalog.clock_timestamp(),
    ends_at timestamptz not null,
    looked_at timestamptz not null default pg_catalog.clock_timestamp(),
    told text,
    load_before jsonb not null,
    load_then jsonb not null
);

create index aftermath_watching on pgmend.aftermath (looked_at) where state = 'watching';

comment on table pgmend.aftermath is
'What became of the statements on a fix''s tables after it was applied. Where something is worse, select pgmend.rollback(fix_id) undoes the fix.';
comment on column pgmend.aftermath.fix_id is 'The fix.';
comment on column pgmend.aftermath.state is
'watching; then quiet, or regressed where something is worse than before, or ended where the fix was undone meanwhile.';
comment on column pgmend.aftermath.began_at is 'When the fix was applied.';
comment on column pgmend.aftermath.ends_at is 'Until when it is watched.';
comment on column pgmend.aftermath.looked_at is 'When it was last looked at.';
comment on column pgmend.aftermath.told is 'What was seen, in words; what could not be seen, too.';
comment on column pgmend.aftermath.load_before is 'Calls and times of the statements, and failures, up to the fix.';
comment on column pgmend.aftermath.load_then is 'The same once it was applied.';
comment on index pgmend.aftermath_watching is 'What is still watched.';
