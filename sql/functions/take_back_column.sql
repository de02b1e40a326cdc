create or replace function pgmend.take_back_column(of_table oid, of_column smallint) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $function$
declare
    named text;
begin
    if exists (
        select from pgmend.backfill as b
        where b.table_oid = of_table and b.column_number = of_column and b.swapped_at is not null
    ) then
        raise exception 'column % of % has taken its place; it is somebody''s by now', of_column, of_table::regclass;
    end if;
    perform pgmend.stop_keeping_column(of_table, of_column);
    select a.attname into named from pg_attribute as a
    where a.attrelid = of_table and a.attnum = of_column and not a.attisdropped
      and exists (select from pgmend.backfill as b where (b.table_oid, b.column_number) = (of_table, of_column));
    if named is not null then
        execute format('alter table only %s drop column %I', of_table::regclass, named);
    end if;
    delete from pgmend.backfill as b where b.table_oid = of_table and b.column_number = of_column;
end
$function$;

revoke all on function pgmend.take_back_column(oid, smallint) from public;

comment on function pgmend.take_back_column(oid, smallint) is
'Drop a column that pgmend fills, with the indexes and constraints on it and what keeps it in step, unless it has taken its place already.';
