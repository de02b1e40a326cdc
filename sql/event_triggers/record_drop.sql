drop event trigger if exists pgmend_record_drop; -- noqa: PRS

create event trigger pgmend_record_drop on sql_drop execute function pgmend.record_drop();

comment on event trigger pgmend_record_drop is
'pgmend: records what DDL commands drop. If it is ever in the way: drop event trigger pgmend_record_drop.';
