create or replace function pgmend.pause(reason text, until timestamptz default null) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $function$
begin
    if coalesce(pg_catalog.btrim(pause.reason), '') = '' then
        raise exception 'a pause takes a reason'
            using errcode = 'invalid_parameter_value',
                hint = 'select pgmend.pause(''deployment''); the next person wants to know.';
    elsif pause.until <= pg_catalog.clock_timestamp() then
        raise exception 'the time until which to pause (%) is over', pause.until
            using errcode = 'invalid_parameter_value', hint = 'Give a time to come, or none.';
    end if;
    update pgmend.policy
    set
        paused = true, pause_reason = pause.reason, paused_until = pause.until, paused_by = session_user,
        changed_at = pg_catalog.clock_timestamp(), changed_by = session_user;
    insert into pgmend.audit (action, object, detail)
    values (
        'policy.pause', 'policy', pg_catalog.jsonb_build_object('reason', pause.reason, 'until', pause.until)
    );
    perform pgmend.ring_bell();
end
$function$;

revoke all on function pgmend.pause(text, timestamptz) from public;

comment on function pgmend.pause(text, timestamptz) is
'Stop all fixing, approved or not, until pgmend.resume() or the time given. Looking goes on.';
