-- The twin of record_ddl, under the same law; see there. Of a DROP's objects those are kept that were named, or that
-- somebody could miss: not the toast table, the row type or the indexes of a table that goes, which differ by major.
create or replace function pgmend.record_drop() returns event_trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '10ms'
as $function$
declare
    shape text;
begin
    begin
        lock table pgmend.ddl_log in row exclusive mode nowait;
        lock table pgmend.own_backend in access share mode nowait;
        if current_setting('pgmend.long_statement', true) is distinct from statement_timestamp()::text then
            shape := current_query();
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
            object_identity, class_id, object_id, object_subid, session_role, effective_role,
            application_name, client_addr, backend_pid, statement, statement_withheld, fix_id, intended
        )
        select
            pg_current_xact_id(), statement_timestamp(), seen.ordinality, 'drop', tg_tag,
            seen.object_type, seen.schema_name, seen.object_identity, seen.classid, seen.objid, seen.objsubid,
            session_user, coalesce(nullif(current_setting('role'), 'none'), session_user),
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
        from pg_event_trigger_dropped_objects() with ordinality as seen
        where
            not seen.is_temporary
            and (
                seen.original
                or seen.object_type in ('table', 'foreign table', 'view', 'materialized view')
                -- An extension's functions, types and operators depend on each other.
                or seen.normal
                and (
                    tg_tag <> 'DROP EXTENSION'
                    or seen.object_type in ('table column', 'table constraint', 'index', 'policy', 'trigger')
                )
            )
            and coalesce(seen.schema_name, '') not in ('pgmend', 'pgmend_backup')
            and coalesce(seen.address_names[1], '') not in ('pgmend', 'pgmend_backup');
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

revoke all on function pgmend.record_drop() from public;

comment on function pgmend.record_drop() is
'Event trigger: writes a row into pgmend.ddl_log for each object that a command dropped, and rings the bell. Whatever goes wrong here, the command goes on.';
