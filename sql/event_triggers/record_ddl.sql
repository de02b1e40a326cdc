drop event trigger if exists pgmend_record_ddl; -- noqa: PRS

create event trigger pgmend_record_ddl on ddl_command_end execute function pgmend.record_ddl();

comment on event trigger pgmend_record_ddl is
'pgmend: records each DDL command. If it is ever in the way: drop event trigger pgmend_record_ddl.';
