create or replace function pgmend.resume() returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $function$
begin
    update pgmend.policy
    set
        paused = false, pause_reason = null, paused_until = null, paused_by = null,
        changed_at = pg_catalog.clock_timestamp(), changed_by = session_user;
    insert into pgmend.audit (action, object) values ('policy.resume', 'policy');
    perform pgmend.ring_bell();
end
$function$;

revoke all on function pgmend.resume() from public;

comment on function pgmend.resume() is 'End a pause.';
