create table pgmend.fix_step (
    fix_id uuid not null references pgmend.fix (fix_id) on delete cascade,
    direction text not null check (direction in ('apply', 'undo')),
    ordinal integer not null,
    attempt integer not null,
    title text not null,
    statements text[] not null,
    state text not null check (state in ('intended', 'done', 'failed', 'skipped')),
    started_at timestamptz not null default pg_catalog.clock_timestamp(),
    finished_at timestamptz,
    backend_pid integer,
    backend_start timestamptz,
    error text,
    primary key (fix_id, direction, ordinal, attempt)
);

create index fix_step_started_at on pgmend.fix_step (started_at);

comment on table pgmend.fix_step is
'Each step of a fix, recorded before it runs: a row that stays intended is one whose end nobody saw, and the next start looks what came of it.';
comment on column pgmend.fix_step.fix_id is 'The fix.';
comment on column pgmend.fix_step.direction is 'apply or undo.';
comment on column pgmend.fix_step.ordinal is 'Its place in the plan, from 1.';
comment on column pgmend.fix_step.attempt is 'Which try, from 1.';
comment on column pgmend.fix_step.title is 'What it does, in words.';
comment on column pgmend.fix_step.statements is 'What it runs.';
comment on column pgmend.fix_step.state is 'intended, done, failed or skipped.';
comment on column pgmend.fix_step.started_at is 'When it was about to run.';
comment on column pgmend.fix_step.finished_at is 'When it ended.';
comment on column pgmend.fix_step.backend_pid is 'The server process that runs it.';
comment on column pgmend.fix_step.backend_start is 'When that process started.';
comment on column pgmend.fix_step.error is 'What went wrong.';
comment on index pgmend.fix_step_started_at is 'For retention.';
