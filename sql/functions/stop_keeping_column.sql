create or replace function pgmend.stop_keeping_column(of_table oid, of_column smallint) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $function$
declare
    found record;
    named text;
begin
    select * into found from pgmend.backfill as b where b.table_oid = of_table and b.column_number = of_column;
    for named in
        select t.tgname from pg_trigger as t
        where t.tgrelid = of_table and t.oid = any(found.triggers) and t.tgfoid = found.function_oid
        order by t.tgname
    loop
        execute format('drop trigger %I on %s', named, of_table::regclass);
    end loop;
    -- A function of that number that is no trigger's and not in our schema would be somebody else's.
    select p.oid::regprocedure::text into named from pg_proc as p
    where p.oid = found.function_oid and p.pronamespace = to_regnamespace('pgmend_backup')
      and p.prorettype = 'trigger'::regtype;
    if named is not null then
        execute 'drop function ' || named;
    end if;
end
$function$;

revoke all on function pgmend.stop_keeping_column(oid, smallint) from public;

comment on function pgmend.stop_keeping_column(oid, smallint) is
'Drop the triggers and the function that keep a column of pgmend''s in step, whatever they and their table are called by now. What is gone is no error.';
