create or replace function pgmend.request_scan() returns uuid
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $function$
declare
    requested uuid;
begin
    insert into pgmend.scan (kind, requested_at, requested_by)
    values ('requested', pg_catalog.clock_timestamp(), session_user)
    returning scan_id into requested;
    insert into pgmend.audit (action, object) values ('scan.requested', requested::text);
    perform pgmend.ring_bell();
    return requested;
end
$function$;

revoke all on function pgmend.request_scan() from public;

comment on function pgmend.request_scan() is
'Ask for a full scan; returns its scan_id (pgmend.scan). With the listener down it waits in its row.';
