"""What is asked of the server about a statement that ran: how large the table is, and how its parts are written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import AsyncConnection

from ..catalog.look import looking
from ..catalog.snapshot import AttributeNumber, Oid
from ..errors import CouldNotLook
from .impact import Size
from .writer import Traces

# Something was dropped while it was read, or a lock is in the way.
_PASSING = frozenset({"XX000", "42P01", "55P03", "57014"})

_SIZES = """
select root.oid::pg_catalog.int8, coalesce(pg_catalog.sum(pg_catalog.pg_table_size(part.oid)), 0)::pg_catalog.int8,
  coalesce(pg_catalog.sum(pg_catalog.pg_indexes_size(part.oid)), 0)::pg_catalog.int8,
  pg_catalog.sum(c.reltuples::pg_catalog.float8) filter (where c.reltuples > 0)
from pg_catalog.unnest($1::pg_catalog.oid[]) as root (oid)
cross join lateral (
  select root.oid union select p.relid from pg_catalog.pg_partition_tree(root.oid) as p
) as part
join pg_catalog.pg_class as c on c.oid = part.oid and c.relkind = 'r'
group by root.oid
"""
_FILES = """
select root.oid::pg_catalog.int8,
  pg_catalog.array_agg(c.xmin::pg_catalog.text::pg_catalog.int8),
  coalesce(pg_catalog.array_agg(c.xmin::pg_catalog.text::pg_catalog.int8) filter (where c.relkind = 'r'), '{}')
from pg_catalog.unnest($1::pg_catalog.oid[]) as root (oid)
cross join lateral (
  select root.oid union select p.relid from pg_catalog.pg_partition_tree(root.oid) as p
) as part
join pg_catalog.pg_class as heap on heap.oid = part.oid and heap.relkind = 'r'
cross join lateral (
  select heap.oid union all select heap.reltoastrelid
  union all select i.indexrelid from pg_catalog.pg_index as i where i.indrelid = heap.oid
) as file
join pg_catalog.pg_class as c on c.oid = file.oid
group by root.oid
"""
_COLUMNS = """
select a.attrelid::pg_catalog.int8, a.attnum,
  array[a.xmin::pg_catalog.text::pg_catalog.int8] || d.xmin::pg_catalog.text::pg_catalog.int8, a.atthasmissing
from pg_catalog.pg_attribute as a
left join pg_catalog.pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attrelid = any($1::pg_catalog.oid[]) and a.attnum > 0
"""
_CONSTRAINTS = """
select k.oid::pg_catalog.int8, pg_catalog.pg_get_constraintdef(k.oid)
from pg_catalog.pg_constraint as k where k.oid = any($1::pg_catalog.oid[])
"""
_DEFAULTS = """
select d.adrelid::pg_catalog.int8, d.adnum, pg_catalog.pg_get_expr(d.adbin, d.adrelid)
from pg_catalog.pg_attrdef as d where d.adrelid = any($1::pg_catalog.oid[])
"""
_PARTITIONS = """
select c.oid::pg_catalog.int8, pg_catalog.pg_get_partition_constraintdef(c.oid)
from pg_catalog.pg_class as c where c.oid = any($1::pg_catalog.oid[]) and c.relispartition
"""


@dataclass(frozen=True, slots=True)
class Facts:
    """Sizes of tables; definitions of constraints, defaults and what partitions hold, as the server writes them; and
    what tells who wrote rows anew.

    What a lock was in the way of is not there.
    """

    sizes: Mapping[Oid, Size] = field(default_factory=dict[Oid, Size])
    constraints: Mapping[Oid, str] = field(default_factory=dict[Oid, str])
    defaults: Mapping[tuple[Oid, AttributeNumber], str] = field(default_factory=dict[tuple[Oid, AttributeNumber], str])
    partitions: Mapping[Oid, str] = field(default_factory=dict[Oid, str])
    traces: Traces = field(default_factory=Traces)


async def read_facts(
    connection: AsyncConnection[Any], tables: Collection[Oid], constraints: Collection[Oid], rewritten: Collection[Oid]
) -> Facts:
    """What there is to know of those tables and constraints, in two flights; waits for no lock longer than 50 ms.

    `rewritten` are tables of which it is asked who wrote their rows anew.

    Raises CouldNotLook where the server does not let us see.
    """
    (sizes,) = await _asked(connection, [(_SIZES, tables)])
    texts = [(_CONSTRAINTS, constraints), (_DEFAULTS, tables), (_PARTITIONS, tables)]
    traces = [(_FILES, rewritten), (_COLUMNS, rewritten)] if rewritten else []
    written, defaults, partitions, *left = await _asked(connection, texts + traces)
    return Facts(
        {oid: Size(own, index, None if rows is None else round(rows)) for oid, own, index, rows in sizes},
        dict(written),
        {(table, number): text for table, number, text in defaults},
        {oid: text for oid, text in partitions if text is not None},
        _traces(*left) if left else Traces(),
    )


def _traces(files: list[tuple[Any, ...]], columns: list[tuple[Any, ...]]) -> Traces:
    return Traces(
        {oid: xids for oid, xids, _ in files},
        {oid: xids for oid, _, xids in files},
        {(table, number): [xid for xid in xids if xid] for table, number, xids, _ in columns},
        frozenset((table, number) for table, number, _, is_added in columns if is_added),
    )


async def _asked(
    connection: AsyncConnection[Any], queries: Sequence[tuple[str, Collection[Oid]]]
) -> list[list[tuple[Any, ...]]]:
    """The rows of each answer; none where somebody changes one of the tables now."""
    try:
        async with looking(connection) as look:
            answers = [await look.ask(query, f"{{{','.join(map(str, sorted(oids)))}}}") for query, oids in queries]
        return [await answer.fetchall() for answer in answers]
    except psycopg.Error as error:
        if error.sqlstate in _PASSING:
            return [[] for _ in queries]
        raise CouldNotLook(f"What the statement did could not be seen ({error.sqlstate}): {error}") from error
