create or replace function pgmend.lift_quarantine(issue_id text) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $function$
#variable_conflict use_column
begin
    update pgmend.issue
    set quarantine_lifted_at = pg_catalog.clock_timestamp(), quarantine_lifted_by = session_user
    where issue.issue_id = lift_quarantine.issue_id;
    if not found then
        raise exception 'there is no issue %', coalesce(lift_quarantine.issue_id, 'null')
            using errcode = 'no_data_found', hint = 'select issue_id, why_not_auto from pgmend.open_issues shows them.';
    end if;
    insert into pgmend.audit (action, object, detail)
    values ('issue.lift_quarantine', lift_quarantine.issue_id, '{}');
    perform pgmend.ring_bell();
end
$function$;

revoke all on function pgmend.lift_quarantine(text) from public;

comment on function pgmend.lift_quarantine(text) is
'Let pgmend mend this alone again, where why_not_auto speaks of quarantine or of failures: what was undone, changed or failed until now no longer counts. All else that speaks against acting alone still does. To have it mended once, pgmend.approve(fix_id) is enough.';
