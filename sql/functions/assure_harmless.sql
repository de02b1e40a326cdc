-- A SELECT runs code of the table's owner as whoever selects: a view's expressions, a policy's, and, as early as in the
-- planner, what is immutable in an index's or a statistics object's expressions. A look at the catalogs before the
-- SELECT proves nothing: until it comes the name may lead elsewhere (ALTER SCHEMA RENAME waits for no lock).
-- So this looks from within the SELECT, in `where pgmend.assure_harmless(...)`. It says immutable to be called while
-- the planner folds constants: the name is resolved and the table locked by then, no index has been opened yet.
create or replace function pgmend.assure_harmless(history oid, most_bytes bigint) returns boolean
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $function$
declare
    held text[] := array(
        select own.mode from pg_locks as own
        where
            own.locktype = 'relation' and own.pid = pg_backend_pid() and own.granted
            and own.relation = assure_harmless.history
            and own.database = (select here.oid from pg_database as here where here.datname = current_database())
    );
    trusted boolean;
    odd text;
begin
    select
        owner.rolsuper or owner.rolname = current_user,
        case
            when relation.relkind <> 'r' or relation.relispartition or relation.relhasrules then 'it is no plain table'
            when pg_relation_size(relation.oid) > most_bytes
                then 'it is larger than ' || pg_size_pretty(most_bytes)
            when exists (
                select from pg_index as i
                where i.indrelid = relation.oid and (i.indexprs is not null or i.indpred is not null)
            ) then 'an index on it has an expression or a predicate'
            when exists (
                select from pg_statistic_ext as s where s.stxrelid = relation.oid and s.stxexprs is not null
            ) then 'a statistics object on it has an expression'
        end
    into trusted, odd
    from pg_class as relation inner join pg_roles as owner on relation.relowner = owner.oid
    where relation.oid = assure_harmless.history;
    -- The reader took no other ACCESS SHARE lock on it. The stronger one keeps others from adding an index or
    -- statistics, which ACCESS SHARE does not.
    if trusted is null or not held @> array['AccessShareLock'] then
        odd := 'its name leads elsewhere by now';
    elsif not (trusted or held @> array['ShareUpdateExclusiveLock']) then
        odd := 'it is not locked';
    end if;
    if odd is not null then
        raise exception '%', odd using errcode = 'object_not_in_prerequisite_state';
    end if;
    return true;
end
$function$;

revoke all on function pgmend.assure_harmless(oid, bigint) from public;

comment on function pgmend.assure_harmless(oid, bigint) is
'True within a SELECT from that very table, and an error where reading it could run code of its owner, or where it is larger than most_bytes: only for the listener''s reading of migration history.';
