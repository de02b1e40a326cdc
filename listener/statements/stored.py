"""What the database keeps as a tree: views, rules, policies, conditions of triggers, checks, generated columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from psycopg import AsyncConnection

from .meaning import Meaning

_TREES: Final = """
with relation as (
  select c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname) as name
  from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
)
select case r.rulename when '_RETURN' then 'view ' || t.name else pg_catalog.format('rule %I on %s', r.rulename, t.name)
    end as name, '(' || r.ev_action::text || r.ev_qual::text || ')' as tree
from relation as t join pg_catalog.pg_rewrite as r on r.ev_class = t.oid
union all
select pg_catalog.format('policy %I on %s', p.polname, t.name),
  pg_catalog.concat('(', p.polqual::text, ' ', p.polwithcheck::text, ')')
from relation as t join pg_catalog.pg_policy as p on p.polrelid = t.oid
union all
select pg_catalog.format('trigger %I on %s', g.tgname, t.name), g.tgqual::text
from relation as t join pg_catalog.pg_trigger as g on g.tgrelid = t.oid where g.tgqual is not null
union all
select pg_catalog.format('constraint %I on %s', k.conname, t.name), k.conbin::text
from relation as t join pg_catalog.pg_constraint as k on k.conrelid = t.oid and k.contype = 'c'
union all
select pg_catalog.format('generated column %s.%I', t.name, a.attname), d.adbin::text
from relation as t join pg_catalog.pg_attribute as a on a.attrelid = t.oid and a.attgenerated <> ''
join pg_catalog.pg_attrdef as d on d.adrelid = t.oid and d.adnum = a.attnum
"""


async def read_stored(ground: AsyncConnection[Any]) -> Mapping[str, str]:
    """The trees by what they are called."""
    return dict(await (await ground.execute(_TREES.encode())).fetchall())


def otherwise(before: Mapping[str, str], after: Mapping[str, str], meaning: Meaning) -> Iterator[str]:
    """Those that are still there and do something else by now, in words. What is gone the plan answers for."""
    for name, tree in before.items():
        now = after.get(name)
        if now is not None and (differences := meaning.differences(tree, now)):
            yield f"{name}: {'; '.join(differences)}"
