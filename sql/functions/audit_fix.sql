create or replace function pgmend.audit_fix() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $function$
declare
    who text := session_user;
begin
    if tg_op = 'DELETE' then
        insert into pgmend.audit (actor, action, object, detail)
        values (
            who, 'fix.deleted', old.fix_id::text,
            pg_catalog.jsonb_build_object('from', old.state, 'issue_id', old.issue_id, 'kind', old.kind)
        );
        return null;
    end if;
    who := coalesce(
        case new.state
            when 'proposed' then new.requested_by
            when 'approved' then new.approved_by
            when 'rollback_requested' then new.rollback_requested_by
        end, who
    );
    insert into pgmend.audit (actor, action, object, detail)
    values (
        who, 'fix.' || new.state, new.fix_id::text,
        pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
            'from', case when tg_op = 'UPDATE' then old.state end,
            'issue_id', new.issue_id, 'kind', new.kind, 'reason', new.reason,
            'automatic', new.automatic, 'attempts', new.attempts
        ))
    );
    return null;
end
$function$;

revoke all on function pgmend.audit_fix() from public;

comment on function pgmend.audit_fix() is 'Trigger: each transition of a fix is a row of pgmend.audit, whoever makes it.';
