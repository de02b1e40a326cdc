create or replace function pgmend.auto("on" boolean) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $function$
begin
    if auto."on" is null then
        raise exception 'automatic fixing is on or off, not null'
            using errcode = 'null_value_not_allowed', hint = 'select pgmend.auto(true); or select pgmend.auto(false);';
    end if;
    update pgmend.policy
    set automatic = auto."on", changed_at = pg_catalog.clock_timestamp(), changed_by = session_user;
    insert into pgmend.audit (action, object, detail)
    values ('policy.auto', 'policy', pg_catalog.jsonb_build_object('automatic', auto."on"));
    perform pgmend.ring_bell();
end
$function$;

revoke all on function pgmend.auto(boolean) from public;

comment on function pgmend.auto(boolean) is
'Switch fixing without approval on or off. What it covers is policy.auto_fix; the strictest of policy, settings and flags wins.';
