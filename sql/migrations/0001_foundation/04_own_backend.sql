create table pgmend.own_backend (
    registration_id uuid primary key default pg_catalog.gen_random_uuid(),
    backend_pid integer not null default pg_catalog.pg_backend_pid(),
    backend_start timestamptz not null,
    session_role text not null default session_user,
    transaction_id xid8,
    fix_id uuid,
    registered_at timestamptz not null default pg_catalog.clock_timestamp()
);

comment on table pgmend.own_backend is
'Backends and transactions of pgmend''s own fixer: DDL that they run is marked with the fix. Only who may write here can have DDL taken for ours.';
comment on column pgmend.own_backend.registration_id is 'Names the registration.';
comment on column pgmend.own_backend.backend_pid is 'The registered server process.';
comment on column pgmend.own_backend.backend_start is 'When that process started, since process ids are used again.';
comment on column pgmend.own_backend.session_role is 'The role that it logged in as.';
comment on column pgmend.own_backend.transaction_id is
'The one transaction that is ours; null: whatever the process runs, for commands that no transaction block can hold.';
comment on column pgmend.own_backend.fix_id is 'The fix that it works on.';
comment on column pgmend.own_backend.registered_at is 'When it was registered.';
