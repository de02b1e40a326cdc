create table pgmend.audit (
    audit_id uuid primary key default pg_catalog.gen_random_uuid(),
    occurred_at timestamptz not null default pg_catalog.clock_timestamp(),
    actor text not null default session_user,
    action text not null,
    object text,
    detail jsonb
);

create index audit_occurred_at on pgmend.audit (occurred_at);

comment on table pgmend.audit is
'Who did what to pgmend: each transition of a fix, each pause, approval, ignored issue. Kept for a time (pgmend.expire).';
comment on column pgmend.audit.audit_id is 'Names the entry.';
comment on column pgmend.audit.occurred_at is 'When.';
comment on column pgmend.audit.actor is 'Who: the role, or the person that the API or the command line named.';
comment on column pgmend.audit.action is 'What, such as fix.approved or policy.pause.';
comment on column pgmend.audit.object is 'To which fix, issue or scan.';
comment on column pgmend.audit.detail is 'What else there is to say.';
comment on index pgmend.audit_occurred_at is 'For the last entries and for retention.';
