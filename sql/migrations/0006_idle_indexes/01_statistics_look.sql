-- What says whether the server's counters have gone on since the last look: reset, lost in a crash, or not looked at for
-- long, they say nothing of the time before.
create table pgmend.statistics_look (
    name text primary key check (name = 'last'),
    looked_at timestamptz not null,
    reset_at timestamptz,
    transactions bigint not null
);

comment on table pgmend.statistics_look is
'The last look at the server''s counters of this database. They have gone on since only if they were not reset meanwhile.';
comment on column pgmend.statistics_look.name is 'Always last.';
comment on column pgmend.statistics_look.looked_at is 'When that was.';
comment on column pgmend.statistics_look.reset_at is 'When they had been reset last, as pg_stat_database said then.';
comment on column pgmend.statistics_look.transactions is
'How many transactions they had counted: fewer later on mean that the counters were lost.';
