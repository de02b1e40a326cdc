-- uuid keys: an identity column would change the lastval() of whoever runs DDL. No CHECK and few indexes: each row is
-- somebody's DDL that waits for us.
create table pgmend.ddl_log (
    event_id uuid primary key default pg_catalog.gen_random_uuid(),
    occurred_at timestamptz not null default pg_catalog.clock_timestamp(),
    transaction_id xid8 not null,
    statement_started_at timestamptz not null,
    position integer not null,
    kind text not null,
    command_tag text not null,
    object_type text,
    schema_name text,
    object_identity text,
    class_id oid,
    object_id oid,
    object_subid integer,
    in_extension boolean not null default false,
    session_role text not null,
    effective_role text not null,
    application_name text,
    client_addr inet,
    backend_pid integer not null,
    backend_start timestamptz,
    statement text,
    statement_withheld boolean not null default false,
    fix_id uuid,
    intended text,
    processed_at timestamptz
);

create index ddl_log_unprocessed on pgmend.ddl_log (occurred_at) where processed_at is null;
create index ddl_log_occurred_at on pgmend.ddl_log (occurred_at);

comment on table pgmend.ddl_log is
'Events: one row for each object that a committed DDL command touched. A hint where to look; the catalog is the truth. For people there is the view pgmend.recent_ddl.';
comment on column pgmend.ddl_log.event_id is 'Names the event.';
comment on column pgmend.ddl_log.occurred_at is 'When the command ended, on the server''s clock.';
comment on column pgmend.ddl_log.transaction_id is 'The top-level transaction that ran it.';
comment on column pgmend.ddl_log.statement_started_at is
'When the client sent it: rows with the same transaction_id and statement_started_at come from one client statement.';
comment on column pgmend.ddl_log.position is 'The order of the objects that one command reported, from 1.';
comment on column pgmend.ddl_log.kind is 'command (created or altered) or drop.';
comment on column pgmend.ddl_log.command_tag is 'Such as CREATE TABLE; for a drop, the command that dropped it.';
comment on column pgmend.ddl_log.object_type is 'Such as table, index, table column; as PostgreSQL names it.';
comment on column pgmend.ddl_log.schema_name is 'The object''s schema; null where it is in none.';
comment on column pgmend.ddl_log.object_identity is 'The object''s full name, quoted where needed; null for GRANT and REVOKE.';
comment on column pgmend.ddl_log.class_id is 'The catalog that object_id is of, such as pg_class.';
comment on column pgmend.ddl_log.object_id is 'The object''s OID.';
comment on column pgmend.ddl_log.object_subid is 'The column''s number, else 0.';
comment on column pgmend.ddl_log.in_extension is
'True for a member of an extension. Members that a script creates are not recorded, their CREATE EXTENSION is.';
comment on column pgmend.ddl_log.session_role is 'The role that logged in (session_user).';
comment on column pgmend.ddl_log.effective_role is
'The role that SET ROLE took, else session_role. The owner of a security definer function is not seen.';
comment on column pgmend.ddl_log.application_name is 'What the session calls itself; anyone can set it.';
comment on column pgmend.ddl_log.client_addr is 'Where the session came from; null for a local socket.';
comment on column pgmend.ddl_log.backend_pid is
'The server process. A process of pg_stat_activity with this pid and backend_start <= occurred_at is the same one.';
comment on column pgmend.ddl_log.backend_start is
'When that process started, where it is known; the triggers leave it null (reading it would freeze the session''s view of pg_stat_activity).';
comment on column pgmend.ddl_log.statement is
'What the client sent, with ''...'' for every literal and long number: only a single statement of schema DDL is kept, else see statement_withheld.';
comment on column pgmend.ddl_log.statement_withheld is
'True where the text is not kept: a secret might be in it (several statements in one, a DO block, a function body, ...).';
comment on column pgmend.ddl_log.fix_id is 'The fix of ours that ran it; null for everybody else''s DDL.';
comment on column pgmend.ddl_log.intended is 'What the session gave as reason: set pgmend.intended = ''reason''.';
comment on column pgmend.ddl_log.processed_at is 'When the listener had made something of it; null: not yet.';
comment on index pgmend.ddl_log_unprocessed is 'What the listener has still to read.';
comment on index pgmend.ddl_log_occurred_at is 'For the view recent_ddl and for retention.';
