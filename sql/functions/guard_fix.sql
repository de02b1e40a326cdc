create or replace function pgmend.guard_fix() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $function$
begin
    if
        (new.fix_id, new.issue_id, new.plan_hash) is distinct from (old.fix_id, old.issue_id, old.plan_hash)
        or new.plan is distinct from old.plan
    then
        raise exception 'the plan of fix % cannot be changed', old.fix_id
            using errcode = 'object_not_in_prerequisite_state',
                hint = 'A new plan is a new fix: mark this one superseded and insert another.';
    end if;
    new.changed_at := pg_catalog.clock_timestamp();
    return new;
end
$function$;

revoke all on function pgmend.guard_fix() from public;

comment on function pgmend.guard_fix() is 'Trigger: a plan never changes once it is made, and changed_at tells the truth.';
