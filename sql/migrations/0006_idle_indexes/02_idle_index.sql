create table pgmend.idle_index (
    index_oid oid primary key,
    idle_since timestamptz not null
);

comment on table pgmend.idle_index is
'Each index of which the server has counted no scan as long as pgmend watched. One that is used goes from here.';
comment on column pgmend.idle_index.index_oid is 'The index.';
comment on column pgmend.idle_index.idle_since is
'Since when nothing used it: when pgmend first saw it so, or saw it so again after the counters were reset.';
