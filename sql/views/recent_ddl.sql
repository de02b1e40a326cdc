create or replace view pgmend.recent_ddl as
select
    event.occurred_at,
    event.session_role,
    event.effective_role,
    event.application_name,
    event.client_addr,
    event.kind,
    event.command_tag,
    event.object_type,
    event.object_identity,
    event.statement,
    event.statement_withheld,
    event.intended,
    event.fix_id,
    event.processed_at,
    event.transaction_id,
    event.event_id,
    event.meant,
    event.meant_reason
from pgmend.ddl_log as event
order by event.occurred_at desc, event.position desc;

revoke all on pgmend.recent_ddl from public;

comment on view pgmend.recent_ddl is 'What DDL was run, the latest first: by whom, from where, on what. Use a limit.';
comment on column pgmend.recent_ddl.occurred_at is 'When the command ended.';
comment on column pgmend.recent_ddl.session_role is 'The role that logged in.';
comment on column pgmend.recent_ddl.effective_role is 'The role that SET ROLE took.';
comment on column pgmend.recent_ddl.application_name is 'What the session called itself.';
comment on column pgmend.recent_ddl.client_addr is 'Where it came from; null for a local socket.';
comment on column pgmend.recent_ddl.kind is 'command (created or altered) or drop.';
comment on column pgmend.recent_ddl.command_tag is 'Such as ALTER TABLE.';
comment on column pgmend.recent_ddl.object_type is 'Such as table.';
comment on column pgmend.recent_ddl.object_identity is 'The object''s full name.';
comment on column pgmend.recent_ddl.statement is
'What the client sent, with ''...'' for every literal and long number.';
comment on column pgmend.recent_ddl.statement_withheld is 'True where the text is not kept, because a secret might be in it.';
comment on column pgmend.recent_ddl.intended is 'The reason that the session gave in pgmend.intended.';
comment on column pgmend.recent_ddl.fix_id is 'The fix of ours that ran it.';
comment on column pgmend.recent_ddl.processed_at is 'When the listener had read it.';
comment on column pgmend.recent_ddl.transaction_id is 'The transaction.';
comment on column pgmend.recent_ddl.event_id is 'Names the event.';
comment on column pgmend.recent_ddl.meant is
'Whether somebody meant it: then it is not reverted alone. Null: not processed yet, or not known.';
comment on column pgmend.recent_ddl.meant_reason is 'What says so, or why that is not known and the GRANT that cures it.';
