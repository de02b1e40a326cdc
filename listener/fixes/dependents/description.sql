-- A table, the views on it and all that belongs to them: a row for each aspect of an object that says something.
-- `calls` are functions and operators of people: the same words may mean another one on another type.
-- `root` is the view that an object stands and falls with, else the object itself.
-- Options that begin with pg_ are the server's own: pg_attver is another after each change of the column.
with it (oid, kind) as (
  select {table}::oid, 'table'
  union all
  select c.oid, 'view' from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where (n.nspname, c.relname) in {views}
), relation as (
  select it.kind, case it.kind when 'view' then pg_catalog.concat('view ', n.nspname, '.', c.relname) end as root,
    c.*, pg_catalog.concat(n.nspname, '.', c.relname) as name
  from it join pg_catalog.pg_class c on c.oid = it.oid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
)
select pg_catalog.concat(r.kind, ' ', r.name) as root,
  pg_catalog.concat(r.kind, ' ', r.name) as object, x.aspect, x.said
from relation r cross join lateral (values
  ('owner', pg_catalog.pg_get_userbyid(r.relowner)::text),
  ('rights', (select pg_catalog.string_agg(a::text, ' ' order by a::text)
    from pg_catalog.unnest(coalesce(r.relacl, pg_catalog.acldefault('r', r.relowner))) a)),
  ('options', (select pg_catalog.string_agg(o, ' ' order by o) from pg_catalog.unnest(r.reloptions) o)),
  ('comment', pg_catalog.obj_description(r.oid, 'pg_class')),
  ('persistence', r.relpersistence::text),
  ('tablespace', r.reltablespace::text),
  ('replica identity', r.relreplident::text),
  ('row security', pg_catalog.concat(r.relrowsecurity, ' ', r.relforcerowsecurity)),
  ('definition', case when r.kind = 'view' then pg_catalog.pg_get_viewdef(r.oid) end),
  ('calls', (select pg_catalog.string_agg(distinct pg_catalog.pg_describe_object(d.refclassid, d.refobjid, 0), ', ')
    from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = (
        select u.oid from pg_catalog.pg_rewrite u where u.ev_class = r.oid and u.rulename = '_RETURN')
      and d.refclassid in ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass)))
) as x (aspect, said)
union all
select coalesce(r.root, pg_catalog.concat('column ', r.name, '.', a.attname)),
  pg_catalog.concat('column ', r.name, '.', a.attname), x.aspect, x.said
from relation r join pg_catalog.pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
  left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  cross join lateral (values
  ('position', a.attnum::text),
  ('type', case when r.kind = 'table' and a.attnum <> {column}
    then pg_catalog.concat_ws(' ', a.atttypid, a.atttypmod, a.attcollation, a.attstorage, a.attcompression) end),
  ('not null', a.attnotnull::text),
  ('default', case when r.kind = 'view' or a.attnum <> {column} then pg_catalog.pg_get_expr(d.adbin, d.adrelid) end),
  ('generated', pg_catalog.concat(a.attidentity, a.attgenerated)),
  ('statistics', nullif(a.attstattarget, -1)::text),
  ('options', (select pg_catalog.string_agg(o, ' ' order by o) from pg_catalog.unnest(a.attoptions) o
    where not pg_catalog.starts_with(o, 'pg_'))),
  ('rights', (select pg_catalog.string_agg(g::text, ' ' order by g::text) from pg_catalog.unnest(a.attacl) g)),
  ('comment', pg_catalog.col_description(a.attrelid, a.attnum))
) as x (aspect, said)
union all
select pg_catalog.concat('index ', n.nspname, '.', c.relname),
  pg_catalog.concat('index ', n.nspname, '.', c.relname), x.aspect, x.said
from relation r join pg_catalog.pg_index i on i.indrelid = r.oid join pg_catalog.pg_class c on c.oid = i.indexrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  cross join lateral (values
  ('definition', pg_catalog.pg_get_indexdef(i.indexrelid)),
  ('owner', pg_catalog.pg_get_userbyid(c.relowner)::text),
  ('comment', pg_catalog.obj_description(c.oid, 'pg_class')),
  ('tablespace', c.reltablespace::text),
  ('state', pg_catalog.concat(i.indisvalid, i.indisready, i.indislive, i.indimmediate)),
  ('use', pg_catalog.concat(i.indisclustered, i.indisreplident)),
  ('statistics', (select pg_catalog.string_agg(pg_catalog.concat(a.attnum, '=', a.attstattarget), ' ' order by a.attnum)
    from pg_catalog.pg_attribute a where a.attrelid = c.oid and coalesce(a.attstattarget, -1) <> -1)),
  ('calls', (select pg_catalog.string_agg(distinct pg_catalog.pg_describe_object(d.refclassid, d.refobjid, 0), ', ')
    from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid
      and d.refclassid in ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass)))
) as x (aspect, said)
union all
select pg_catalog.concat('constraint ', t.conname, ' on ', n.nspname, '.', c.relname),
  pg_catalog.concat('constraint ', t.conname, ' on ', n.nspname, '.', c.relname), x.aspect, x.said
from relation r join pg_catalog.pg_constraint t on t.conrelid = r.oid or t.confrelid = r.oid
  join pg_catalog.pg_class c on c.oid = t.conrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  cross join lateral (values
  ('definition', pg_catalog.pg_get_constraintdef(t.oid)),
  ('validated', t.convalidated::text),
  ('comment', pg_catalog.obj_description(t.oid, 'pg_constraint')),
  ('triggers', (
    select pg_catalog.string_agg(pg_catalog.concat(g.tgtype, g.tgenabled), ' ' order by g.tgtype, g.tgenabled)
    from pg_catalog.pg_trigger g where g.tgconstraint = t.oid and g.tgisinternal)),
  ('calls', (select pg_catalog.string_agg(distinct pg_catalog.pg_describe_object(d.refclassid, d.refobjid, 0), ', ')
    from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_constraint'::regclass and d.objid = t.oid
      and d.refclassid in ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass)))
) as x (aspect, said)
union all
select coalesce(r.root, pg_catalog.concat('trigger ', t.tgname, ' on ', r.name)),
  pg_catalog.concat('trigger ', t.tgname, ' on ', r.name), x.aspect, x.said
from relation r join pg_catalog.pg_trigger t on t.tgrelid = r.oid and not t.tgisinternal
  cross join lateral (values
  ('definition', pg_catalog.pg_get_triggerdef(t.oid)),
  ('enabled', t.tgenabled::text),
  ('comment', pg_catalog.obj_description(t.oid, 'pg_trigger')),
  ('calls', (select pg_catalog.string_agg(distinct pg_catalog.pg_describe_object(d.refclassid, d.refobjid, 0), ', ')
    from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_trigger'::regclass and d.objid = t.oid
      and d.refclassid in ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass)))
) as x (aspect, said)
union all
select coalesce(r.root, pg_catalog.concat('rule ', u.rulename, ' on ', r.name)),
  pg_catalog.concat('rule ', u.rulename, ' on ', r.name), x.aspect, x.said
from relation r join pg_catalog.pg_rewrite u on u.ev_class = r.oid and u.rulename <> '_RETURN'
  cross join lateral (values
  ('definition', pg_catalog.pg_get_ruledef(u.oid)),
  ('enabled', u.ev_enabled::text),
  ('comment', pg_catalog.obj_description(u.oid, 'pg_rewrite')),
  ('calls', (select pg_catalog.string_agg(distinct pg_catalog.pg_describe_object(d.refclassid, d.refobjid, 0), ', ')
    from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = u.oid
      and d.refclassid in ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass)))
) as x (aspect, said)
union all
select pg_catalog.concat('policy ', p.polname, ' on ', n.nspname, '.', c.relname),
  pg_catalog.concat('policy ', p.polname, ' on ', n.nspname, '.', c.relname), x.aspect, x.said
from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  cross join lateral (values
  ('command', pg_catalog.concat(p.polcmd, p.polpermissive)),
  ('roles', p.polroles::text),
  ('using', pg_catalog.pg_get_expr(p.polqual, p.polrelid)),
  ('check', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)),
  ('comment', pg_catalog.obj_description(p.oid, 'pg_policy')),
  ('calls', (select pg_catalog.string_agg(distinct pg_catalog.pg_describe_object(d.refclassid, d.refobjid, 0), ', ')
    from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_policy'::regclass and d.objid = p.oid
      and d.refclassid in ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass)))
) as x (aspect, said)
where p.polrelid = {table}::oid or p.polrelid = any({others}::oid[])
union all
select pg_catalog.concat('statistics ', n.nspname, '.', s.stxname),
  pg_catalog.concat('statistics ', n.nspname, '.', s.stxname), x.aspect, x.said
from pg_catalog.pg_statistic_ext s join pg_catalog.pg_namespace n on n.oid = s.stxnamespace
  cross join lateral (values
  ('definition', pg_catalog.pg_get_statisticsobjdef(s.oid)),
  ('owner', pg_catalog.pg_get_userbyid(s.stxowner)::text),
  ('target', nullif(s.stxstattarget, -1)::text),
  ('comment', pg_catalog.obj_description(s.oid, 'pg_statistic_ext')),
  ('calls', (select pg_catalog.string_agg(distinct pg_catalog.pg_describe_object(d.refclassid, d.refobjid, 0), ', ')
    from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_statistic_ext'::regclass and d.objid = s.oid
      and d.refclassid in ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass)))
) as x (aspect, said)
where s.stxrelid = {table}::oid
union all
select pg_catalog.concat('sequence ', n.nspname, '.', c.relname),
  pg_catalog.concat('sequence ', n.nspname, '.', c.relname), x.aspect, x.said
from pg_catalog.pg_depend d join pg_catalog.pg_class c on c.oid = d.objid and c.relkind = 'S'
  join pg_catalog.pg_sequence s on s.seqrelid = c.oid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  cross join lateral (values
  ('owned by', pg_catalog.concat(d.refobjsubid, d.deptype)),
  ('bounds', case when d.deptype = 'a' or d.refobjsubid <> {column}
    then pg_catalog.concat(s.seqtypid, ' ', s.seqmin, ' ', s.seqmax) end),
  ('steps', pg_catalog.concat(s.seqstart, ' ', s.seqincrement, ' ', s.seqcache, ' ', s.seqcycle)),
  ('owner', pg_catalog.pg_get_userbyid(c.relowner)::text),
  ('rights', c.relacl::text),
  ('comment', pg_catalog.obj_description(c.oid, 'pg_class'))
) as x (aspect, said)
where d.classid = 'pg_catalog.pg_class'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass
  and d.refobjid = {table}::oid and d.deptype in ('a', 'i')
union all
select pg_catalog.concat('publication ', p.pubname), pg_catalog.concat('publication ', p.pubname), 'carries',
  pg_catalog.pg_describe_object('pg_catalog.pg_publication_rel'::regclass, m.oid, 0)
from pg_catalog.pg_publication_rel m join pg_catalog.pg_publication p on p.oid = m.prpubid
where m.prrelid = {table}::oid
