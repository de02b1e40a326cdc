create or replace function pgmend.is_ours(
    transaction_id xid8, backend_start timestamptz, session_role text, registered_at timestamptz
) returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $function$
begin
    if transaction_id is not null then
        return transaction_id = pg_current_xact_id();
    end if;
    -- Process ids are used again. The start is seen only with pg_read_all_stats, and looked for only here: a look at
    -- pg_stat_activity freezes it for the rest of the transaction.
    return registered_at > pg_postmaster_start_time()
        and session_role = session_user
        and backend_start = coalesce(
            (select backend.backend_start from pg_stat_get_activity(pg_backend_pid()) as backend),
            is_ours.backend_start
        );
end
$function$;

revoke all on function pgmend.is_ours(xid8, timestamptz, text, timestamptz) from public;

comment on function pgmend.is_ours(xid8, timestamptz, text, timestamptz) is
'Whether a row of pgmend.own_backend with this process id stands for this session, and for this transaction where it names one.';
