create table pgmend.ignored_issue (
    issue_id text primary key,
    reason text not null,
    ignored_by text not null default session_user,
    ignored_at timestamptz not null default pg_catalog.clock_timestamp(),
    until timestamptz,
    definition_hash text
);

comment on table pgmend.ignored_issue is
'Issues that somebody chose to live with. One comes back when its time is over, its definition changes, or its row here is deleted.';
comment on column pgmend.ignored_issue.issue_id is 'The issue.';
comment on column pgmend.ignored_issue.reason is 'Why it is ignored.';
comment on column pgmend.ignored_issue.ignored_by is 'Who said so.';
comment on column pgmend.ignored_issue.ignored_at is 'When.';
comment on column pgmend.ignored_issue.until is 'When it comes back; null: only when its definition changes.';
comment on column pgmend.ignored_issue.definition_hash is 'What the issue was about then.';
