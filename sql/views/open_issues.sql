create or replace view pgmend.open_issues as
select
    issue.issue_id,
    issue.severity,
    issue.issue_type,
    issue.schema_name,
    issue.table_name,
    issue.column_name,
    issue.object_name,
    issue.current_state,
    issue.expected_state,
    issue.backlog,
    issue.auto_fixable,
    issue.why_not_auto,
    fix.fix_id,
    fix.state as fix_state,
    coalesce(fix.plan ->> 'summary', fix.kind) as summary,
    fix.reason as fix_reason,
    fix.next_attempt_at,
    event.session_role as caused_by,
    event.application_name as caused_from,
    event.occurred_at as caused_at,
    event.command_tag as caused_with,
    issue.opened_at,
    issue.evidence,
    issue.file,
    issue.line,
    issue.statement,
    issue.sqlstate
from pgmend.all_issues as issue
left join lateral (
    select candidate.*
    from pgmend.fix as candidate
    where candidate.issue_id = issue.issue_id and candidate.state <> 'superseded'
    order by candidate.created_at desc
    limit 1
) as fix on true
left join pgmend.ddl_log as event on event.event_id = issue.event_id
where issue.status = 'open'
order by
    pg_catalog.array_position(array['critical', 'medium', 'low'], issue.severity),
    issue.schema_name, issue.table_name, issue.issue_id;

revoke all on pgmend.open_issues from public;

comment on view pgmend.open_issues is
'What is wrong now, worst first, with the latest fix of each: select pgmend.approve(fix_id), or pgmend.ignore(issue_id, reason).';
comment on column pgmend.open_issues.issue_id is 'Names the issue.';
comment on column pgmend.open_issues.severity is 'critical, medium or low.';
comment on column pgmend.open_issues.issue_type is 'What is wrong; docs/rules has a page on each.';
comment on column pgmend.open_issues.schema_name is 'The schema of the table.';
comment on column pgmend.open_issues.table_name is
'The table; the view or routine, where it is about one; empty where it is about the schema.';
comment on column pgmend.open_issues.column_name is 'The column, where it is about one.';
comment on column pgmend.open_issues.object_name is 'The constraint, index or other object, where it is about one.';
comment on column pgmend.open_issues.current_state is 'How it is.';
comment on column pgmend.open_issues.expected_state is 'How it should be.';
comment on column pgmend.open_issues.backlog is 'True where it was there at install.';
comment on column pgmend.open_issues.auto_fixable is 'True where pgmend will fix it alone.';
comment on column pgmend.open_issues.why_not_auto is 'Else the reason.';
comment on column pgmend.open_issues.fix_id is 'Its latest fix.';
comment on column pgmend.open_issues.fix_state is 'Where that is on its way; proposed waits for approval.';
comment on column pgmend.open_issues.summary is 'What that fix does.';
comment on column pgmend.open_issues.fix_reason is 'Why that fix was deferred, refused, or failed.';
comment on column pgmend.open_issues.next_attempt_at is 'When it is tried again.';
comment on column pgmend.open_issues.caused_by is 'The role whose DDL caused the issue, where it was recorded.';
comment on column pgmend.open_issues.caused_from is 'What that session called itself.';
comment on column pgmend.open_issues.caused_at is 'When that was.';
comment on column pgmend.open_issues.caused_with is 'The command, such as ALTER TABLE; its text is in pgmend.recent_ddl.';
comment on column pgmend.open_issues.opened_at is 'When the issue was first found.';
comment on column pgmend.open_issues.evidence is 'Why pgmend believes so.';
comment on column pgmend.open_issues.file is
'Where it is in the application''s code, from the root of the folder; null for what is in the database.';
comment on column pgmend.open_issues.line is 'The line there, from 1.';
comment on column pgmend.open_issues.statement is 'The statement there.';
comment on column pgmend.open_issues.sqlstate is 'That of the server''s objection to it, where it has one.';
