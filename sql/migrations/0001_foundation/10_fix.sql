create table pgmend.fix (
    fix_id uuid primary key default pg_catalog.gen_random_uuid(),
    issue_id text not null references pgmend.issue (issue_id),
    kind text not null,
    state text not null default 'proposed' check (state in (
        'proposed', 'approved', 'queued', 'running', 'applied', 'deferred', 'refused', 'failed',
        'rollback_requested', 'rolling_back', 'rolled_back', 'superseded'
    )),
    plan jsonb not null,
    plan_hash text not null,
    proofs jsonb,
    automatic boolean not null default false,
    requested_by text,
    approved_by text,
    approved_at timestamptz,
    created_at timestamptz not null default pg_catalog.clock_timestamp(),
    changed_at timestamptz not null default pg_catalog.clock_timestamp(),
    started_at timestamptz,
    finished_at timestamptz,
    attempts integer not null default 0,
    next_attempt_at timestamptz,
    reason text,
    undo_until timestamptz,
    rolled_back_at timestamptz,
    rollback_requested_by text,
    lease_token uuid
);

create index fix_issue_id on pgmend.fix (issue_id);
create index fix_unfinished on pgmend.fix (created_at) where state in (
    'proposed', 'approved', 'queued', 'running', 'deferred', 'rollback_requested', 'rolling_back'
);

comment on table pgmend.fix is
'Plans on their way: proposed, approved, queued, running, applied; or deferred (tried again), refused, failed, superseded by a newer plan; rollback_requested, rolling_back, rolled_back. Approve with pgmend.approve(fix_id), undo with pgmend.rollback(fix_id).';
comment on column pgmend.fix.fix_id is 'Names the fix. A plan never changes: a new plan is a new fix.';
comment on column pgmend.fix.issue_id is 'What it fixes.';
comment on column pgmend.fix.kind is 'How, such as create_index.';
comment on column pgmend.fix.state is 'Where it is on its way. Every transition is also a row of pgmend.audit.';
comment on column pgmend.fix.plan is 'Statements, locks, hazards, proofs to come and the inverse.';
comment on column pgmend.fix.plan_hash is 'Of the plan: who approves a hash approves exactly this plan.';
comment on column pgmend.fix.proofs is 'What was checked before commit, with figures.';
comment on column pgmend.fix.automatic is 'True where pgmend queued it without anyone''s approval.';
comment on column pgmend.fix.requested_by is 'Who asked for it.';
comment on column pgmend.fix.approved_by is 'Who approved it.';
comment on column pgmend.fix.approved_at is 'When.';
comment on column pgmend.fix.created_at is 'When it was planned.';
comment on column pgmend.fix.changed_at is 'When this row last changed.';
comment on column pgmend.fix.started_at is 'When the last attempt began.';
comment on column pgmend.fix.finished_at is 'When it was applied, or given up.';
comment on column pgmend.fix.attempts is 'How often it was tried.';
comment on column pgmend.fix.next_attempt_at is 'Not tried again before this.';
comment on column pgmend.fix.reason is 'Why it was deferred, refused, or failed.';
comment on column pgmend.fix.undo_until is 'Until when the undo is kept; null: as long as the plan''s inverse applies.';
comment on column pgmend.fix.rolled_back_at is 'When it was undone.';
comment on column pgmend.fix.rollback_requested_by is 'Who asked for the undo.';
comment on column pgmend.fix.lease_token is 'The lease of the listener that works on it.';
comment on index pgmend.fix_issue_id is 'The fixes of one issue.';
comment on index pgmend.fix_unfinished is 'The queue.';
