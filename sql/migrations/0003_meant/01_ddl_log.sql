-- No default: a row's DDL waits for us, and only the listener knows.
alter table pgmend.ddl_log
add column meant boolean,
add column meant_reason text;

comment on column pgmend.ddl_log.meant is
'Whether somebody meant the change: a migration, or a session that said so in pgmend.intended. Decided once, when the listener processes the event, for a migration history tells only of its last writer. True: it is never reverted alone. False: nothing says so. Null: not processed yet, or not known; then nothing is fixed without approval either.';
comment on column pgmend.ddl_log.meant_reason is
'What says that it was meant, or why that is not known, with the GRANT that cures it.';
