create or replace view pgmend.fix_history as
select
    fix.fix_id,
    fix.state,
    fix.kind,
    coalesce(fix.plan ->> 'summary', fix.kind) as summary,
    fix.issue_id,
    issue.issue_type,
    issue.schema_name,
    issue.table_name,
    issue.column_name,
    fix.automatic,
    fix.approved_by,
    fix.created_at,
    fix.started_at,
    fix.finished_at,
    fix.finished_at - fix.started_at as duration,
    fix.attempts,
    fix.next_attempt_at,
    fix.reason,
    fix.rolled_back_at,
    fix.rollback_requested_by,
    steps.done as steps_done,
    steps.last_step,
    steps.last_error,
    aftermath.state as aftermath,
    aftermath.told as aftermath_told
from pgmend.fix
join pgmend.issue on issue.issue_id = fix.issue_id
left join pgmend.aftermath on aftermath.fix_id = fix.fix_id and aftermath.state <> 'awaited'
cross join lateral (
    select
        pg_catalog.count(*) filter (where step.state = 'done') as done,
        (pg_catalog.array_agg(step.title order by step.started_at desc))[1] as last_step,
        (pg_catalog.array_agg(step.error order by step.started_at desc) filter (where step.error is not null))[1]
        as last_error
    from pgmend.fix_step as step
    where step.fix_id = fix.fix_id
) as steps
order by fix.changed_at desc;

revoke all on pgmend.fix_history from public;

comment on view pgmend.fix_history is
'Every fix, the latest first. Its steps are in pgmend.fix_step, who did what in pgmend.audit.';
comment on column pgmend.fix_history.fix_id is 'Names the fix.';
comment on column pgmend.fix_history.state is 'Where it is on its way.';
comment on column pgmend.fix_history.kind is 'How it mends.';
comment on column pgmend.fix_history.summary is 'What it does.';
comment on column pgmend.fix_history.issue_id is 'What it fixes.';
comment on column pgmend.fix_history.issue_type is 'What is wrong there.';
comment on column pgmend.fix_history.schema_name is 'The schema of the table.';
comment on column pgmend.fix_history.table_name is 'The table.';
comment on column pgmend.fix_history.column_name is 'The column, where it is about one.';
comment on column pgmend.fix_history.automatic is 'True where nobody had to approve it.';
comment on column pgmend.fix_history.approved_by is 'Who approved it.';
comment on column pgmend.fix_history.created_at is 'When it was planned.';
comment on column pgmend.fix_history.started_at is 'When the last attempt began.';
comment on column pgmend.fix_history.finished_at is 'When it was applied, or given up.';
comment on column pgmend.fix_history.duration is 'How long the last attempt took.';
comment on column pgmend.fix_history.attempts is 'How often it was tried.';
comment on column pgmend.fix_history.next_attempt_at is 'Not tried again before this.';
comment on column pgmend.fix_history.reason is 'Why it was deferred, refused, or failed.';
comment on column pgmend.fix_history.rolled_back_at is 'When it was undone.';
comment on column pgmend.fix_history.rollback_requested_by is 'Who asked for the undo.';
comment on column pgmend.fix_history.steps_done is 'How many steps were done, of the undo too.';
comment on column pgmend.fix_history.last_step is 'The step it came to.';
comment on column pgmend.fix_history.last_error is 'The last thing that went wrong.';
comment on column pgmend.fix_history.aftermath is
'What became of the statements on its tables: watching, quiet, regressed, or ended where it was undone.';
comment on column pgmend.fix_history.aftermath_told is 'The same in words, with the undo where something is worse.';
