"""Everything that the catalogs say of the application's schemas, by name and not by OID."""

from __future__ import annotations

import re

from tests.support.database import Database

Fact = tuple[str, str, str]

_FACTS = """
with app (oid) as (
  select oid from pg_namespace where nspname !~ '^pg_' and nspname not in ('information_schema', 'pgmend')
), rel as (
  select c.*, c.oid::regclass::text as name from pg_class c where c.relnamespace in (select oid from app)
), acl (oid, said) as (
  select c.oid, (select string_agg(a::text, ' ' order by a::text)
    from unnest(coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))) a)
  from rel c where c.relkind in ('r', 'v', 'm', 'p', 'S', 'f')
)
select 'relation', name, concat_ws(' ', relkind, relowner::regrole, relreplident, relrowsecurity, relforcerowsecurity,
    relpersistence, (select string_agg(o, ',' order by o) from unnest(reloptions) o), acl.said,
    obj_description(rel.oid, 'pg_class'))
  from rel left join acl using (oid)
union all
select 'type', name || '.' || attname,
    concat_ws(' ', format_type(atttypid, atttypmod), attcollation::regcollation, attstorage, attcompression)
  from rel join pg_attribute a on attrelid = rel.oid where attnum > 0 and not attisdropped
union all
select 'default', name || '.' || attname, pg_get_expr(adbin, adrelid)
  from rel join pg_attribute on attrelid = rel.oid join pg_attrdef on adrelid = attrelid and adnum = attnum
union all
select 'column', name || '.' || attname, concat_ws(' ', attnum, attnotnull, attidentity, attgenerated,
    nullif(attstattarget, -1),
    (select string_agg(o, ',' order by o) from unnest(attoptions) o where o !~ '^pg_'),
    col_description(rel.oid, attnum),
    (select string_agg(g::text, ' ' order by g::text) from unnest(attacl) g))
  from rel join pg_attribute on attrelid = rel.oid where attnum > 0 and not attisdropped
union all
select 'view', name, pg_get_viewdef(oid) from rel where relkind in ('v', 'm')
union all
select 'rule', r.rulename || ' on ' || name,
    concat_ws(' ', pg_get_ruledef(r.oid), r.ev_enabled, obj_description(r.oid, 'pg_rewrite'))
  from rel join pg_rewrite r on r.ev_class = rel.oid where r.rulename <> '_RETURN'
union all
select 'trigger', tgname || ' on ' || name, concat_ws(' ', pg_get_triggerdef(t.oid), tgenabled,
    obj_description(t.oid, 'pg_trigger'))
  from rel join pg_trigger t on tgrelid = rel.oid where not tgisinternal
union all
select 'policy', polname || ' on ' || name, concat_ws(' | ', polcmd, polpermissive, polroles::regrole[],
    pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid), obj_description(p.oid, 'pg_policy'))
  from rel join pg_policy p on polrelid = rel.oid
union all
select 'index', rel.name, concat_ws(' ', pg_get_indexdef(indexrelid), indisvalid, indisclustered, indisreplident,
    (select string_agg(attnum || '=' || attstattarget, ',') from pg_attribute
      where attrelid = indexrelid and coalesce(attstattarget, -1) <> -1))
  from rel join pg_index on indexrelid = rel.oid
union all
select 'constraint', conname || ' on ' || name, concat_ws(' ', pg_get_constraintdef(k.oid), convalidated,
    obj_description(k.oid, 'pg_constraint'))
  from rel join pg_constraint k on conrelid = rel.oid
union all
select 'statistics', stxname, concat_ws(' ', pg_get_statisticsobjdef(oid), stxowner::regrole,
    nullif(stxstattarget, -1), obj_description(oid, 'pg_statistic_ext'))
  from pg_statistic_ext where stxnamespace in (select oid from app)
union all
select 'sequence', name, concat_ws(' ', seqtypid::regtype, seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle)
  from rel join pg_sequence on seqrelid = rel.oid
union all
select 'publication', pubname, coalesce(string_agg(prrelid::regclass::text, ','), '')
  from pg_publication p left join pg_publication_rel on prpubid = p.oid group by pubname
union all
select 'function', p.oid::regprocedure::text, md5(pg_get_functiondef(p.oid))
  from pg_proc p where pronamespace in (select oid from app) and prokind = 'f'
"""


def everything(database: Database) -> set[Fact]:
    """Every fact; two sets are equal where the schemas are.

    PostgreSQL itself writes a list of varchar words otherwise once it has read what it wrote: both ways count as one.
    """
    return {(kind, name, _settled(said)) for kind, name, said in database.fetch(_FACTS)}


def _settled(said: str) -> str:
    lists = re.sub(r"\(ARRAY\[([^]]*)\]\)::text\[\]", r"ARRAY[\1]", said)
    return re.sub(r"\(('[a-z0-9]+'::character varying)\)::text", r"\1", lists)


def untouched(facts: set[Fact], column: str) -> set[Fact]:
    """What a change of that column's type must not change: not its default nor what follows from its type."""
    return {
        fact
        for fact in facts
        if fact[0] != "type"
        and fact[1] != "app.t_c_seq"
        and (fact[0], fact[1]) != ("default", column)
        and not fact[1].startswith("pgmend_backup.")
    }
