create or replace function pgmend.rollback(fix_id uuid) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $function$
#variable_conflict use_column
declare
    state_now text;
begin
    select fix.state into state_now from pgmend.fix where fix.fix_id = rollback.fix_id for no key update;
    if state_now is null then
        raise exception 'there is no fix %', coalesce(rollback.fix_id::text, 'null')
            using errcode = 'no_data_found',
                hint = 'select fix_id, summary from pgmend.rollbacks_available shows what can be undone.';
    elsif state_now <> 'applied' then
        raise exception 'fix % is %, not applied', rollback.fix_id, state_now
            using errcode = 'object_not_in_prerequisite_state',
                hint = case
                    when state_now in ('rollback_requested', 'rolling_back') then 'Its undo is on its way already.'
                    when state_now = 'rolled_back' then 'It is undone already.'
                    else 'There is nothing to undo: select * from pgmend.fix_history shows what happened.'
                end;
    end if;
    update pgmend.fix
    set state = 'rollback_requested', rollback_requested_by = session_user
    where fix.fix_id = rollback.fix_id;
    perform pgmend.ring_bell();
end
$function$;

revoke all on function pgmend.rollback(uuid) from public;

comment on function pgmend.rollback(uuid) is
'Have an applied fix undone; what was written since is kept, or the undo is refused. With the listener down it waits in its row.';
