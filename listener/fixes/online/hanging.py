"""What goes with a column that is dropped: an index, a CHECK, a key that somebody made meanwhile would go silently."""

from __future__ import annotations

from collections.abc import Collection

from ...catalog.snapshot import Oid
from ..dependents.definition import literal
from ..plan import Check
from .standing import asking

_HANGING = """
select said as hangs_on_the_column from (
  select pg_catalog.concat('index ', c.relname)
  from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
  where i.indrelid = {table}::oid and ({column} = any(i.indkey::int2[]) or exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = i.indexrelid
      and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = i.indrelid and d.refobjsubid = {column}))
  union all
  select pg_catalog.concat('constraint ', t.conname) from pg_catalog.pg_constraint t
  where (t.conrelid = {table}::oid and {column} = any(t.conkey))
    or (t.confrelid = {table}::oid and {column} = any(t.confkey))
  union all
  select pg_catalog.concat('statistics ', n.nspname, '.', s.stxname)
  from pg_catalog.pg_statistic_ext s join pg_catalog.pg_namespace n on n.oid = s.stxnamespace
  where s.stxrelid = {table}::oid and exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_statistic_ext'::regclass and d.objid = s.oid
      and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = s.stxrelid and d.refobjsubid = {column})
  union all
  select pg_catalog.concat('sequence ', n.nspname, '.', c.relname)
  from pg_catalog.pg_depend d join pg_catalog.pg_class c on c.oid = d.objid and c.relkind = 'S'
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where d.classid = 'pg_catalog.pg_class'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass
    and d.refobjid = {table}::oid and d.refobjsubid = {column} and d.deptype in ('a', 'i')
) as it (said) where not said = any({known}::pg_catalog.text[])
"""


def nothing_else_hangs(table: Oid, column: str, known: Collection[str]) -> Check:
    """The check that no index, constraint, statistics or sequence is on the column but what is `known`.

    The column is SQL for its number.
    """
    listed = "array[" + ", ".join(literal(name) for name in sorted(known)) + "]"
    return Check(
        "nothing else hangs on the column",
        asking(_HANGING.format(table=table, column=column, known=listed)),
        "Indexes, constraints, statistics and sequences that the plan does not know.",
    )
