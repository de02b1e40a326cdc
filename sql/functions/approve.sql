create or replace function pgmend.approve(fix_id uuid) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $function$
#variable_conflict use_column
declare
    state_now text;
    nobody_asked boolean;
begin
    select fix.state, fix.automatic into state_now, nobody_asked
    from pgmend.fix where fix.fix_id = approve.fix_id for no key update;
    if state_now is null then
        raise exception 'there is no fix %', coalesce(approve.fix_id::text, 'null')
            using errcode = 'no_data_found',
                hint = 'select fix_id, summary from pgmend.open_issues shows what waits for approval.';
    elsif state_now <> 'proposed' and not (nobody_asked and state_now in ('queued', 'deferred')) then
        raise exception 'fix % is %, not proposed', approve.fix_id, state_now
            using errcode = 'object_not_in_prerequisite_state',
                hint = case
                    when state_now in ('approved', 'queued', 'running', 'deferred')
                        then 'It is on its way already; see pgmend.fix_history.'
                    when state_now in ('applied', 'rollback_requested', 'rolling_back')
                        then 'It is applied; undo it with pgmend.rollback(fix_id).'
                    else 'Ask for a new plan with select pgmend.request_scan(); a new plan is a new fix.'
                end;
    end if;
    update pgmend.fix
    set
        state = 'approved', automatic = false, next_attempt_at = null, approved_by = session_user,
        approved_at = pg_catalog.clock_timestamp()
    where fix.fix_id = approve.fix_id;
    perform pgmend.ring_bell();
end
$function$;

revoke all on function pgmend.approve(uuid) from public;

comment on function pgmend.approve(uuid) is
'Have a proposed fix applied, exactly as its plan says; or at once, and whatever the policy, one that waits in the queue and that nobody has approved yet. With the listener down it waits in its row.';
