create or replace view pgmend.status as
select
    case
        when not heard.alive then 'stopped'
        when last_scan.outcome <> 'complete' then 'degraded'
        else 'running'
    end as status,
    case
        when not here.original or heard.observing then 'observing'
        when policy.paused and coalesce(policy.paused_until > pg_catalog.clock_timestamp(), true) then 'paused'
        when not policy.automatic or 'none' in (policy.auto_fix, heard.auto_fix) then 'manual'
        else 'automatic'
    end as fixing,
    case when triggers.enabled = 2 then 'events' else 'polling' end as detection,
    last_scan.finished_at as last_check,
    heard.next_scan_at as next_check,
    fixes.applied as total_fixes,
    issues.critical as active_critical_issues,
    issues.backlog,
    heard.holder as leader,
    fixes.queue,
    issues.open as open_issues,
    fixes.proposed as awaiting_approval,
    case
        when 'none' in (policy.auto_fix, heard.auto_fix) then 'none'
        when 'critical' in (policy.auto_fix, heard.auto_fix) then 'critical'
        else 'all'
    end as auto_fix,
    policy.pause_reason,
    policy.paused_until,
    unread.events as unread_events,
    here.schema_version,
    code.root as code,
    code.files as code_files,
    code.statements as code_statements,
    code.read_at as code_read_at,
    code.trouble as code_trouble
from pgmend.policy
cross join lateral (
    select
        instance.schema_version,
        instance.database_oid = (
            select database.oid from pg_catalog.pg_database as database
            where database.datname = pg_catalog.current_database()
        )
        and coalesce(instance.system_identifier = (
            select server.system_identifier::text from pg_catalog.pg_control_system() as server
        ), true) as original
    from pgmend.instance
) as here
cross join lateral (
    select
        lease.holder,
        lease.next_scan_at,
        lease.auto_fix,
        coalesce(lease.heartbeat_at > pg_catalog.clock_timestamp() - interval '10 seconds', false) as alive,
        coalesce(lease.observing, false) as observing
    from (select) as whether_or_not
    left join pgmend.lease
        on lease.heartbeat_at > pg_catalog.clock_timestamp() - interval '10 seconds'
) as heard
cross join lateral (
    select pg_catalog.count(*) as enabled
    from pg_catalog.pg_event_trigger
    where evtname in ('pgmend_record_ddl', 'pgmend_record_drop') and evtenabled in ('O', 'A')
) as triggers
cross join lateral (
    select
        pg_catalog.count(*) filter (where status = 'open') as open,
        pg_catalog.count(*) filter (where status = 'open' and severity = 'critical') as critical,
        pg_catalog.count(*) filter (where status = 'open' and backlog) as backlog
    from pgmend.all_issues
) as issues
cross join lateral (
    select
        pg_catalog.count(*) filter (
            where state in ('applied', 'rollback_requested', 'rolling_back', 'rolled_back')
        ) as applied,
        pg_catalog.count(*) filter (where state in (
            'approved', 'queued', 'running', 'deferred', 'rollback_requested', 'rolling_back'
        )) as queue,
        pg_catalog.count(*) filter (where state = 'proposed' and issue_id not in (
            select ignored.issue_id from pgmend.all_issues as ignored
            where ignored.status = 'ignored'
        )) as proposed
    from pgmend.fix
) as fixes
cross join lateral (
    select pg_catalog.count(*) as events
    from pgmend.ddl_log
    where processed_at is null
) as unread
left join lateral (
    select scan.finished_at, scan.outcome
    from pgmend.scan
    where scan.finished_at is not null
    order by scan.finished_at desc
    limit 1
) as last_scan on true
left join lateral (
    select reading.*
    from pgmend.code_reading as reading
    where heard.alive
    order by reading.read_at desc
    limit 1
) as code on true;

revoke all on pgmend.status from public;

comment on view pgmend.status is 'One row: how pgmend is. select * from pgmend.status \gx';
comment on column pgmend.status.status is
'running; degraded: the last scan could not look; stopped: no listener has a heartbeat (requests wait in their rows).';
comment on column pgmend.status.fixing is
'automatic, manual (only what is approved), paused, or observing (started so, or this is a copy of the database pgmend was installed in: pgmend install --adopt makes it one of its own).';
comment on column pgmend.status.detection is 'events: DDL is recorded by event triggers; polling: it is found by looking.';
comment on column pgmend.status.last_check is 'When the last scan ended.';
comment on column pgmend.status.next_check is 'When the next full scan is due; null where the listener does not say.';
comment on column pgmend.status.total_fixes is 'How many fixes were ever applied, those undone included.';
comment on column pgmend.status.active_critical_issues is 'Open issues of severity critical.';
comment on column pgmend.status.backlog is 'Open issues that were there at install: they wait for approval.';
comment on column pgmend.status.leader is 'The listener that leads; null where none does.';
comment on column pgmend.status.queue is 'Fixes and undos on their way.';
comment on column pgmend.status.open_issues is 'All open issues.';
comment on column pgmend.status.awaiting_approval is 'Proposed fixes, save those of ignored issues: select pgmend.approve(fix_id).';
comment on column pgmend.status.auto_fix is 'What may be fixed alone: critical, all or none. The strictest of the stored policy and the listener''s settings and flags.';
comment on column pgmend.status.pause_reason is 'Why it is paused.';
comment on column pgmend.status.paused_until is 'When the pause ends by itself.';
comment on column pgmend.status.unread_events is 'Recorded DDL that the listener has not read yet.';
comment on column pgmend.status.schema_version is 'The version of schema pgmend.';
comment on column pgmend.status.code is
'The folder with the application''s code that the listener watches (pgmend start --code); null where it watches none, or does not say yet.';
comment on column pgmend.status.code_files is 'How many Python files are in it.';
comment on column pgmend.status.code_statements is 'How many SQL statements these send to this database.';
comment on column pgmend.status.code_read_at is 'When the code was last looked at.';
comment on column pgmend.status.code_trouble is 'What of it could not be read or judged, and why; null where all was.';
