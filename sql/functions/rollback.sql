create or replace function pgmend.rollback(fix_id uuid) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $function$
#variable_conflict use_column
declare
    state_now text;
    why_not text;
    cure text;
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
    if not exists (select from pgmend.rollbacks_available as available where available.fix_id = rollback.fix_id) then
        select
            case
                when fix.plan -> 'inverse' = '[]' then 'has nothing to undo'
                when fix.undo_until > clock_timestamp() then 'cannot be undone: its backup is gone'
                when fix.plan -> 'backups' <> '[]' then 'cannot be undone any more: its backup has expired'
                else 'cannot be undone any more: its undo was kept until '
                    || to_char(fix.undo_until at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')
            end,
            case
                when fix.plan -> 'inverse' = '[]' then fix.plan ->> 'no_inverse'
                else 'The settings rollback_window and backup_retention say for how long. What would have undone it: '
                    'select plan -> ''inverse'' from pgmend.fix.'
            end
        into why_not, cure
        from pgmend.fix
        where fix.fix_id = rollback.fix_id;
        raise exception 'fix % %', rollback.fix_id, why_not
            using errcode = 'object_not_in_prerequisite_state',
                hint = coalesce(cure, 'select * from pgmend.rollbacks_available shows what can be undone.');
    end if;
    update pgmend.fix
    set state = 'rollback_requested', rollback_requested_by = session_user
    where fix.fix_id = rollback.fix_id;
    perform pgmend.ring_bell();
end
$function$;

revoke all on function pgmend.rollback(uuid) from public;

comment on function pgmend.rollback(uuid) is
'Have an applied fix undone; what was written since is kept, or the undo is refused. Fixes whose time is over are refused at once: see pgmend.rollbacks_available. With the listener down it waits in its row.';
