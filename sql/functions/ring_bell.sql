-- A transaction that notified cannot be prepared, and where the queue is full the commit fails, which no exception
-- block can help: then nobody is woken, and the listener finds the row when it polls.
create or replace function pgmend.ring_bell() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $function$
begin
    if
        pg_catalog.current_setting('max_prepared_transactions') = '0'
        and pg_catalog.pg_notification_queue_usage() <= 0.25
    then
        perform pg_catalog.pg_notify('pgmend', '');
    end if;
end
$function$;

revoke all on function pgmend.ring_bell() from public;

comment on function pgmend.ring_bell() is
'Wake the listener when this transaction commits: NOTIFY pgmend without payload. The tables are the truth, this is only a bell.';
