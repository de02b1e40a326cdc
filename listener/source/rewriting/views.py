"""Statements that may meet a column through a view: what becomes of them is told, not followed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..examined import Examined
from .shift import Shift, look_up
from .type_change import TypeChange

# A view's rule depends on the columns that it reads; views of views on those of the one below.
_VIEWS: Final = """
with recursive reading (view, origin) as (
  select r.ev_class, k.tbl::oid
  from rows from (pg_catalog.unnest(%(tables)s::bigint[]), pg_catalog.unnest(%(numbers)s::integer[])) as k (tbl, number)
  join pg_catalog.pg_depend as d
    on d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    and d.refobjid = k.tbl::oid and d.refobjsubid = k.number
  join pg_catalog.pg_rewrite as r
    on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and r.oid = d.objid
  where r.ev_class <> k.tbl::oid
  union
  select r.ev_class, v.origin
  from reading as v
  join pg_catalog.pg_depend as d
    on d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid = v.view
  join pg_catalog.pg_rewrite as r
    on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and r.oid = d.objid
  where r.ev_class <> v.view
)
select n.nspname::text, c.relname::text, a.attname::text, v.origin::bigint, pg_catalog.format_type(a.atttypid, null)
from reading as v
join pg_catalog.pg_class as c on c.oid = v.view and c.relkind in ('v', 'm')
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_attribute as a on a.attrelid = v.view and a.attnum > 0 and not a.attisdropped
"""
_WORD: Final = re.compile(r"\w+")


async def through_views(
    connection: AsyncConnection[TupleRow], examined: Sequence[Examined], changes: Sequence[TypeChange]
) -> list[Shift]:
    """Those that name a view on one of the columns, and a column of that type of it or all of them."""
    asked: dict[str, Any] = {"tables": [each.table for each in changes], "numbers": [each.number for each in changes]}
    types = {(each.table, each.before): each for each in changes}
    columns: defaultdict[str, dict[str, TypeChange]] = defaultdict(dict)
    for schema, view, column, origin, kind in await (await connection.execute(_VIEWS.encode(), asked)).fetchall():
        if (change := types.get((origin, kind))) is not None:
            columns[f"{schema}.{view}"][column] = change
    if not columns:
        return []
    await look_up(connection, [one for one in examined if one.described is not None])
    found: list[Shift] = []
    for one in examined:
        if one.described is None:
            continue
        for relation in one.relations():
            said = {*_WORD.findall(one.sql.lower()), *(each for each in "*" if each in one.sql)}
            of_view = columns.get(relation.qualified, {})
            met = next((each for name, each in of_view.items() if said & {*_WORD.findall(name.lower()), "*"}), None)
            if met is not None:
                through = f"it reads {met.said} through {relation.qualified}, which is not followed"
                found.append(Shift(one, doubt=f"{through}: the column is {met.after} there, too, then"))
                break
    return found
