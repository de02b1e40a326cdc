create table pgmend.scan (
    scan_id uuid primary key default pg_catalog.gen_random_uuid(),
    kind text not null check (kind in ('full', 'event', 'safety', 'requested')),
    requested_at timestamptz,
    requested_by text,
    started_at timestamptz,
    finished_at timestamptz,
    duration_ms double precision,
    tables integer,
    issues_opened integer,
    issues_resolved integer,
    outcome text,
    detail jsonb,
    recorded_at timestamptz not null default pg_catalog.clock_timestamp()
);

create index scan_recorded_at on pgmend.scan (recorded_at);
create index scan_waiting on pgmend.scan (requested_at) where finished_at is null;

comment on table pgmend.scan is 'Each look at the database. Ask for one with pgmend.request_scan().';
comment on column pgmend.scan.scan_id is 'Names the scan.';
comment on column pgmend.scan.kind is 'full, event (only what DDL touched), safety (at intervals), or requested.';
comment on column pgmend.scan.requested_at is 'When somebody asked for it; null: nobody did.';
comment on column pgmend.scan.requested_by is 'Who asked.';
comment on column pgmend.scan.started_at is 'When it began; null: it waits for the listener.';
comment on column pgmend.scan.finished_at is 'When it ended.';
comment on column pgmend.scan.duration_ms is 'How long it took.';
comment on column pgmend.scan.tables is 'How many tables it looked at.';
comment on column pgmend.scan.issues_opened is 'How many issues it opened.';
comment on column pgmend.scan.issues_resolved is 'How many it found gone.';
comment on column pgmend.scan.outcome is 'complete, or could_not_run with the reason in detail.';
comment on column pgmend.scan.detail is 'What else there is to say.';
comment on column pgmend.scan.recorded_at is 'When this row was made.';
comment on index pgmend.scan_recorded_at is 'For the last scans and for retention.';
comment on index pgmend.scan_waiting is 'The scans that were asked for and not done yet.';
