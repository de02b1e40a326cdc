"""The relations that a change of tables is felt in: the tables, their kin by inheritance, the views upon them."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

from psycopg import AsyncConnection

from ..catalog.snapshot import Oid

_TOUCHED: Final = """
with recursive touched (oid) as (
  select t.oid from pg_catalog.unnest(%s::oid[]) as t (oid)
  union
  select o.oid from touched as t cross join lateral (
    select i.inhrelid from pg_catalog.pg_inherits as i where i.inhparent = t.oid
    union all
    select i.inhparent from pg_catalog.pg_inherits as i where i.inhrelid = t.oid
    union all
    select r.ev_class from pg_catalog.pg_depend as d join pg_catalog.pg_rewrite as r on r.oid = d.objid
    where d.classid = 'pg_catalog.pg_rewrite'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass
      and d.refobjid = t.oid and r.rulename = '_RETURN'
  ) as o (oid)
)
select c.oid::bigint, n.nspname::text, c.relname::text, c.relkind::text
from touched as t join pg_catalog.pg_class as c on c.oid = t.oid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'f', 'v', 'm')
order by c.oid
"""
# Functions that take or give rows of them.
_FUNCTIONS: Final = """
select distinct p.proname::text
from pg_catalog.pg_class as c join pg_catalog.pg_type as t on t.oid = c.reltype or t.typelem = c.reltype
join pg_catalog.pg_proc as p on p.prorettype = t.oid or t.oid = any(p.proargtypes) or t.oid = any(p.proallargtypes)
where c.oid = any(%s::oid[])
order by 1
"""


class Relation(NamedTuple):
    """A relation by OID and name; `kind` is its relkind."""

    oid: Oid
    schema: str
    name: str
    kind: str

    @property
    def is_view(self) -> bool:
        """Whether it shows what a query says."""
        return self.kind in "vm"


@dataclass(frozen=True)
class Touched:
    """The relations, and the names of functions whose signatures have their rows."""

    relations: tuple[Relation, ...]
    functions: frozenset[str] = frozenset()

    @cached_property
    def by_name(self) -> dict[tuple[str, str], Relation]:
        """The relations by schema and name."""
        return {(each.schema, each.name): each for each in self.relations}

    @cached_property
    def names(self) -> frozenset[str]:
        """The relations' names without their schemas."""
        return frozenset(each.name for each in self.relations)

    @cached_property
    def _words(self) -> re.Pattern[str]:
        names = sorted(each.lower() for each in self.names | self.functions)
        return re.compile(rf"(?<![\w$])(?:{'|'.join(map(re.escape, names))})(?![\w$])")

    def mentioned_in(self, text: str) -> bool:
        """Whether one of the names may stand in the text; only for what surely names none of them it is False."""
        lower = text.replace('""', '"').lower()
        # U&"\\006frders" spells a name in escapes.
        return "u&" in lower or self._words.search(lower) is not None


async def read_touched(connection: AsyncConnection[Any], tables: Collection[Oid]) -> Touched:
    """What a change of those tables touches."""
    rows = await (await connection.execute(_TOUCHED, (list(tables),))).fetchall()
    relations = tuple(Relation(*row) for row in rows)
    functions = await connection.execute(_FUNCTIONS, ([each.oid for each in relations],))
    return Touched(relations, frozenset(name for (name,) in await functions.fetchall()))
