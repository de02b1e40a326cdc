-- Law 1: nothing here may fail, delay or change the user's DDL. No declaration may name an object of ours (it would
-- be resolved outside the exception block), nothing is raised or logged (a log line would bring the user's statement
-- along), and query_canceled, which "others" does not catch, passes through.
create or replace function pgmend.record_ddl() returns event_trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '10ms'
as $function$
declare
    shape text;
begin
    if tg_tag = 'REFRESH MATERIALIZED VIEW' then
        return;  -- changes rows, no definition
    end if;
    begin
        -- The indexes and the rest come under lock_timeout; these two are what somebody may hold for long.
        lock table pgmend.ddl_log in row exclusive mode nowait;
        lock table pgmend.own_backend in access share mode nowait;
        if current_setting('pgmend.long_statement', true) is distinct from statement_timestamp()::text then
            shape := current_query();
            -- Most DDL has nothing to hide; a look here is cheaper than a call.
            if
                octet_length(shape) > 10000
                or lower(split_part(shape, ' ', 1)) not in ('create', 'alter', 'drop')
                or lower(split_part(shape, ' ', 2)) not in ('table', 'index', 'view', 'type')
                or shape ~ E'['';$\\\\]|--|/[*]|[0-9][0-9A-Za-z_.]{5}'
            then
                shape := pgmend.redact(shape);
            end if;
        end if;
        insert into pgmend.ddl_log (
            transaction_id, statement_started_at, position, kind, command_tag, object_type, schema_name,
            object_identity, class_id, object_id, object_subid, in_extension, session_role, effective_role,
            application_name, client_addr, backend_pid, statement, statement_withheld, fix_id, intended
        )
        select
            pg_current_xact_id(), statement_timestamp(), seen.ordinality, 'command', seen.command_tag,
            seen.object_type, seen.schema_name, seen.object_identity, seen.classid, seen.objid, seen.objsubid,
            seen.in_extension, session_user, coalesce(nullif(current_setting('role'), 'none'), session_user),
            current_setting('application_name'), inet_client_addr(), pg_backend_pid(),
            case when seen.ordinality <= 20 then shape end, shape is null,
            (
                select own.fix_id from pgmend.own_backend as own
                where
                    own.backend_pid = pg_backend_pid()
                    and pgmend.is_ours(own.transaction_id, own.backend_start, own.session_role, own.registered_at)
                limit 1
            ),
            nullif(left(current_setting('pgmend.intended', true), 500), '')
        from pg_event_trigger_ddl_commands() with ordinality as seen
        where
            not seen.in_extension
            and coalesce(seen.schema_name, '') not in ('pgmend', 'pgmend_backup', 'pg_temp', 'pg_toast_temp')
            and (seen.object_type <> 'schema' or seen.object_identity not in ('pgmend', 'pgmend_backup'))
            and (
                seen.schema_name is not null
                or coalesce(seen.object_identity, '') !~ ' on (pgmend|pgmend_backup|pg_temp)[.]'
            );
        if found then
            if shape is null and octet_length(current_query()) > 1000000 then
                -- Not to be copied again for each of the thousands of commands in it.
                shape := set_config('pgmend.long_statement', statement_timestamp()::text, true);
            end if;
            begin
                -- A transaction that notified cannot be prepared; where the queue is full, its commit fails.
                if current_setting('max_prepared_transactions') = '0' and pg_notification_queue_usage() <= 0.25 then
                    perform pg_notify('pgmend', '');
                end if;
            exception when others then
                null;  -- the row is the truth, this is only the bell
            end;
        end if;
    exception when others or assert_failure then
        null;
    end;
end
$function$;

revoke all on function pgmend.record_ddl() from public;

comment on function pgmend.record_ddl() is
'Event trigger: writes a row into pgmend.ddl_log for each object that a DDL command made or altered, and rings the bell. Whatever goes wrong here, the command goes on.';
