create table pgmend.policy (
    singleton boolean primary key default true check (singleton),
    auto_fix text not null default 'all' check (auto_fix in ('critical', 'all', 'none')),
    automatic boolean not null default true,
    paused boolean not null default false,
    pause_reason text,
    paused_until timestamptz,
    paused_by text,
    changed_at timestamptz not null default pg_catalog.clock_timestamp(),
    changed_by text not null default session_user
);

insert into pgmend.policy (singleton) values (true);

comment on table pgmend.policy is
'One row: how much pgmend may do alone. Of this, the settings and the flags the strictest wins. Change it with pgmend.auto(), pgmend.pause() and pgmend.resume().';
comment on column pgmend.policy.singleton is 'Keeps this table at one row.';
comment on column pgmend.policy.auto_fix is
'The most that may be fixed without approval: critical (critical issues in critical tables), all, or none. all leaves it to the listener''s settings.';
comment on column pgmend.policy.automatic is 'False: nothing is fixed without approval, whatever auto_fix says.';
comment on column pgmend.policy.paused is 'True: nothing is fixed at all, approved or not, until paused_until.';
comment on column pgmend.policy.pause_reason is 'Why it is paused.';
comment on column pgmend.policy.paused_until is 'When the pause ends by itself; null: only by pgmend.resume().';
comment on column pgmend.policy.paused_by is 'Who paused it.';
comment on column pgmend.policy.changed_at is 'When this row was last changed.';
comment on column pgmend.policy.changed_by is 'Who changed it.';
