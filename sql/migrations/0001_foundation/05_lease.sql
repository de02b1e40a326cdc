-- The token is in a unique key of its own so that FOR KEY SHARE on the row lets heartbeats pass and makes a takeover
-- wait. Heartbeats come every second: room in the page keeps them there.
create table pgmend.lease (
    name text primary key,
    token uuid not null unique,
    holder text not null,
    backend_pid integer,
    acquired_at timestamptz not null,
    heartbeat_at timestamptz not null,
    observing boolean not null default false,
    auto_fix text check (auto_fix in ('critical', 'all', 'none')),
    next_scan_at timestamptz
) with (fillfactor = 10);

comment on table pgmend.lease is 'Which listener leads. A listener whose heartbeat stops loses the lease.';
comment on column pgmend.lease.name is 'Always leader.';
comment on column pgmend.lease.token is 'Drawn anew at each takeover: whoever holds an older one may do nothing more.';
comment on column pgmend.lease.holder is 'The listener: its host and process.';
comment on column pgmend.lease.backend_pid is 'Its connection''s server process.';
comment on column pgmend.lease.acquired_at is 'When it took over.';
comment on column pgmend.lease.heartbeat_at is 'When it was last alive, on the server''s clock.';
comment on column pgmend.lease.observing is 'True where it was started to look and not to fix.';
comment on column pgmend.lease.auto_fix is
'What its settings and flags let it fix without approval; null where it does not say.';
comment on column pgmend.lease.next_scan_at is 'When it will next look at everything; null where it does not say.';
