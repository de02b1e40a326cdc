create or replace function pgmend.expire(keep interval default '90 days', batch integer default 5000) returns bigint
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $function$
declare
    oldest timestamptz;
    of_one_table bigint;
    deleted bigint := 0;
    -- table, its clock, and which rows are history
    histories constant text[] := array[
        ['ddl_log', 'occurred_at', 'true'],
        ['change', 'seen_at', 'true'],
        ['impact', 'occurred_at', 'true'],
        ['audit', 'occurred_at', 'true'],
        ['scan', 'recorded_at', 'true'],
        ['fix_step', 'started_at', 'not exists (select from pgmend.fix where fix.fix_id = history.fix_id and '
            'fix.state in (''running'', ''rollback_requested'', ''rolling_back''))'],
        ['own_backend', 'registered_at', 'not exists (select from pg_catalog.pg_stat_activity as alive '
            'where alive.pid = history.backend_pid)']
    ];
    history text[];
begin
    if coalesce(expire.keep <= interval '0' or expire.batch <= 0, true) then
        raise exception 'keep (%) and batch (%) must be positive', expire.keep, expire.batch
            using errcode = 'invalid_parameter_value', hint = 'select pgmend.expire(keep => ''90 days'');';
    end if;
    oldest := pg_catalog.clock_timestamp() - expire.keep;
    foreach history slice 1 in array histories loop
        execute pg_catalog.format(
            'delete from pgmend.%1$I where ctid = any (array(select history.ctid from pgmend.%1$I as history '
            'where history.%2$I < $1 and %3$s limit $2 for update skip locked))', history[1], history[2], history[3]
        ) using oldest, expire.batch;
        get diagnostics of_one_table = row_count;
        deleted := deleted + of_one_table;
    end loop;
    return deleted;
end
$function$;

revoke all on function pgmend.expire(interval, integer) from public;

comment on function pgmend.expire(interval, integer) is
'Delete what is older than keep from ddl_log, change, impact, audit, scan, fix_step and own_backend, at most batch rows of each; returns how many. Call it until it returns 0.';
