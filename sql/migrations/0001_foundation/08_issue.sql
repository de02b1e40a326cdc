create table pgmend.issue (
    issue_id text primary key,
    issue_type text not null,
    severity text not null check (severity in ('critical', 'medium', 'low')),
    status text not null default 'open' check (status in ('open', 'resolved', 'ignored')),
    schema_name text,
    table_name text,
    column_name text,
    object_name text,
    table_oid oid,
    current_state text,
    expected_state text,
    evidence jsonb,
    remedy jsonb,
    auto_fixable boolean not null default false,
    why_not_auto text,
    backlog boolean not null default false,
    event_id uuid,
    definition_hash text,
    opened_at timestamptz not null default pg_catalog.clock_timestamp(),
    changed_at timestamptz not null default pg_catalog.clock_timestamp(),
    resolved_at timestamptz
);

create index issue_unresolved on pgmend.issue (severity) where status <> 'resolved';

comment on table pgmend.issue is 'What is or was wrong with the schema. For people there is the view pgmend.open_issues.';
comment on column pgmend.issue.issue_id is 'Names the issue, the same each time it is found.';
comment on column pgmend.issue.issue_type is 'What is wrong, such as TYPE_MISMATCH; docs/rules has a page on each.';
comment on column pgmend.issue.severity is 'critical, medium or low.';
comment on column pgmend.issue.status is 'open, resolved, or ignored (pgmend.ignore).';
comment on column pgmend.issue.schema_name is 'The schema of the table.';
comment on column pgmend.issue.table_name is 'The table.';
comment on column pgmend.issue.column_name is 'The column, where it is about one.';
comment on column pgmend.issue.object_name is 'The constraint, index or other object, where it is about one.';
comment on column pgmend.issue.table_oid is 'The table''s OID.';
comment on column pgmend.issue.current_state is 'How it is.';
comment on column pgmend.issue.expected_state is 'How it should be.';
comment on column pgmend.issue.evidence is 'Why pgmend believes so: kind, weight and what was seen, for and against.';
comment on column pgmend.issue.remedy is 'What would mend it, as the rule sees it; the plan is made later (pgmend.fix).';
comment on column pgmend.issue.auto_fixable is 'True where pgmend will fix it alone.';
comment on column pgmend.issue.why_not_auto is 'Else the reason; approve the fix to have it done all the same.';
comment on column pgmend.issue.backlog is 'True where it was there at install: never fixed without approval.';
comment on column pgmend.issue.event_id is 'The event that caused it (pgmend.ddl_log), where one was recorded.';
comment on column pgmend.issue.definition_hash is 'Differs when what the issue is about differs; an ignored issue then comes back.';
comment on column pgmend.issue.opened_at is 'When it was first found, or found again after it was resolved.';
comment on column pgmend.issue.changed_at is 'When this row last changed.';
comment on column pgmend.issue.resolved_at is 'When it was gone.';
comment on index pgmend.issue_unresolved is 'The issues that still matter.';
