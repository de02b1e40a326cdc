create or replace function pgmend.ignore(issue_id text, reason text, until timestamptz default null) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $function$
#variable_conflict use_column
declare
    status_now text;
    definition_hash_now text;
begin
    if coalesce(pg_catalog.btrim(ignore.reason), '') = '' then
        raise exception 'ignoring an issue takes a reason'
            using errcode = 'invalid_parameter_value',
                hint = 'select pgmend.ignore(issue_id, ''why we live with it'');';
    elsif ignore.until <= pg_catalog.clock_timestamp() then
        raise exception 'the time until which to ignore (%) is over', ignore.until
            using errcode = 'invalid_parameter_value', hint = 'Give a time to come, or none.';
    end if;
    select issue.status, issue.definition_hash into status_now, definition_hash_now
    from pgmend.issue where issue.issue_id = ignore.issue_id for no key update;
    if status_now is null then
        raise exception 'there is no issue %', coalesce(ignore.issue_id, 'null')
            using errcode = 'no_data_found', hint = 'select issue_id from pgmend.open_issues shows them.';
    elsif status_now = 'resolved' then
        raise exception 'issue % is resolved', ignore.issue_id
            using errcode = 'object_not_in_prerequisite_state', hint = 'There is nothing left to ignore.';
    end if;
    insert into pgmend.ignored_issue (issue_id, reason, until, definition_hash)
    values (ignore.issue_id, ignore.reason, ignore.until, definition_hash_now)
    on conflict on constraint ignored_issue_pkey do update
    set
        reason = excluded.reason, until = excluded.until, definition_hash = excluded.definition_hash,
        ignored_by = excluded.ignored_by, ignored_at = excluded.ignored_at, source = null;
    update pgmend.issue set status = 'ignored', changed_at = pg_catalog.clock_timestamp()
    where issue.issue_id = ignore.issue_id;
    insert into pgmend.audit (action, object, detail)
    values (
        'issue.ignore', ignore.issue_id,
        pg_catalog.jsonb_build_object('reason', ignore.reason, 'until', ignore.until)
    );
    perform pgmend.ring_bell();
end
$function$;

revoke all on function pgmend.ignore(text, text, timestamptz) from public;

comment on function pgmend.ignore(text, text, timestamptz) is
'Hide one issue and leave it alone: what was on its way to fix it is withdrawn, and what that had done is undone. It is open again when its time is over, its definition changes, or its row in pgmend.ignored_issue is deleted. Approving a fix of it after this counts.';
