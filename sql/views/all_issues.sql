-- The one place that says whether an issue is ignored: every face reads it, and the listener writes pgmend.issue.status
-- after it.
create or replace view pgmend.all_issues as
select
    issue.issue_id,
    issue.issue_type,
    issue.severity,
    case
        when issue.status = 'resolved' then 'resolved'
        when ignored.issue_id is not null then 'ignored'
        else 'open'
    end as status,
    issue.schema_name,
    issue.table_name,
    issue.column_name,
    issue.object_name,
    issue.table_oid,
    issue.current_state,
    issue.expected_state,
    issue.evidence,
    issue.remedy,
    issue.auto_fixable and ignored.issue_id is null as auto_fixable,
    case when ignored.issue_id is null then issue.why_not_auto else 'it is ignored: ' || ignored.reason end
    as why_not_auto,
    issue.backlog,
    issue.event_id,
    issue.definition_hash,
    issue.opened_at,
    issue.changed_at,
    issue.resolved_at,
    ignored.reason as ignored_reason,
    ignored.ignored_by,
    ignored.ignored_at,
    ignored.until as ignored_until,
    issue.resolved_because,
    issue.file,
    issue.line,
    issue.column_offset,
    issue.statement,
    issue.sqlstate
from pgmend.issue
left join pgmend.ignored_issue as ignored
    on
        ignored.issue_id = issue.issue_id
        and issue.status <> 'resolved'
        and coalesce(ignored.until > pg_catalog.clock_timestamp(), true)
        and coalesce(ignored.definition_hash = issue.definition_hash, true);

revoke all on pgmend.all_issues from public;

comment on view pgmend.all_issues is
'Every issue that was ever found, with its status as of now: an ignored one is open again as soon as its time is over, its definition differs from the one that was ignored, or its row in pgmend.ignored_issue is gone. The listener brings pgmend.issue.status after it within seconds.';
comment on column pgmend.all_issues.issue_id is 'Names the issue, the same each time it is found.';
comment on column pgmend.all_issues.issue_type is 'What is wrong; docs/rules has a page on each.';
comment on column pgmend.all_issues.severity is 'critical, medium or low.';
comment on column pgmend.all_issues.status is 'open, resolved, or ignored (pgmend.ignore), now.';
comment on column pgmend.all_issues.schema_name is 'The schema of the table.';
comment on column pgmend.all_issues.table_name is
'The table; the view or routine, where it is about one; empty where it is about the schema.';
comment on column pgmend.all_issues.column_name is 'The column, where it is about one.';
comment on column pgmend.all_issues.object_name is 'The constraint, index or other object, where it is about one.';
comment on column pgmend.all_issues.table_oid is 'The table''s OID; 0 where it is about none.';
comment on column pgmend.all_issues.current_state is 'How it is.';
comment on column pgmend.all_issues.expected_state is 'How it should be.';
comment on column pgmend.all_issues.evidence is 'Why pgmend believes so.';
comment on column pgmend.all_issues.remedy is 'What would mend it, as the rule sees it.';
comment on column pgmend.all_issues.auto_fixable is 'True where pgmend will fix it alone; false while it is ignored.';
comment on column pgmend.all_issues.why_not_auto is 'Else the reason.';
comment on column pgmend.all_issues.backlog is 'True where it was there at install.';
comment on column pgmend.all_issues.event_id is 'The event that caused it (pgmend.ddl_log), where one was recorded.';
comment on column pgmend.all_issues.definition_hash is 'Differs when what the issue is about differs.';
comment on column pgmend.all_issues.opened_at is 'When it was first found, or found again after it was resolved.';
comment on column pgmend.all_issues.changed_at is 'When its row last changed.';
comment on column pgmend.all_issues.resolved_at is 'When it was gone.';
comment on column pgmend.all_issues.ignored_reason is 'Why it is ignored, where it is.';
comment on column pgmend.all_issues.ignored_by is 'Who said so.';
comment on column pgmend.all_issues.ignored_at is 'When.';
comment on column pgmend.all_issues.ignored_until is 'When it is open again; null: only when its definition changes.';
comment on column pgmend.all_issues.resolved_because is
'Why it counts as resolved though nobody saw it gone; null where it was.';
comment on column pgmend.all_issues.file is
'Where it is in the application''s code, from the root of the folder; null for what is in the database.';
comment on column pgmend.all_issues.line is 'The line there, from 1.';
comment on column pgmend.all_issues.column_offset is 'The column there, in characters from 0.';
comment on column pgmend.all_issues.statement is 'The statement there.';
comment on column pgmend.all_issues.sqlstate is 'That of the server''s objection to it, where it has one.';
comment on column pgmend.issue.status is
'open, resolved, or ignored, as the listener saw it last; pgmend.all_issues says it as of now.';
