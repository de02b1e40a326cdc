"""Indexes on the column: rebuilt by ALTER TYPE under their names; what it loses of them is put back.

ALTER TYPE makes each index again from its definition, so that the new type must have a place in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..composed import identifier, verbatim
from .definition import literal, verified
from .dependent import Dependent, Subject, refused
from .rereading import Rereading
from .strip import Strip

_INDEXES = """
select n.nspname::text, c.relname::text, pg_catalog.pg_get_indexdef(c.oid), i.indisvalid,
  i.indisclustered, pg_catalog.obj_description(c.oid, 'pg_class'),
  exists (select from pg_catalog.pg_constraint t where t.conindid = c.oid and t.contype in ('p', 'u', 'x')),
  (select pg_catalog.array_agg(pg_catalog.pg_get_indexdef(c.oid, k.place::int, false) order by k.place)
    from pg_catalog.unnest(i.indkey) with ordinality as k (number, place)
    where k.number = 0 and k.place <= i.indnkeyatts),
  pg_catalog.pg_get_expr(i.indpred, i.indrelid),
  (select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(a.attnum, a.attstattarget) order by a.attnum)
    from pg_catalog.pg_attribute a where a.attrelid = c.oid and coalesce(a.attstattarget, -1) <> -1),
  exists (
    select from pg_catalog.unnest(i.indkey) with ordinality as k (number, place)
      join pg_catalog.pg_opclass o on o.oid = i.indclass[k.place - 1]
    where k.number = %(column)s and k.place <= i.indnkeyatts and not (case
      when o.opcdefault and (o.opcintype = %(old)s::oid or not exists (
          select from pg_catalog.pg_opclass p
          where p.opcmethod = o.opcmethod and p.opcdefault and p.opcintype = %(old)s::oid))
        then exists (select from pg_catalog.pg_opclass p
          where p.opcmethod = o.opcmethod and p.opcdefault and p.opcintype = any(%(as_new)s::oid[]))
      else o.opcintype = any(%(as_new)s::oid[]) end)),
  not %(collatable)s and exists (
    select from pg_catalog.unnest(i.indkey) with ordinality as k (number, place)
    where k.number = %(column)s and k.place <= i.indnkeyatts and i.indcollation[k.place - 1] <> %(collation)s::oid),
  exists (select from pg_catalog.pg_depend e where e.classid = 'pg_catalog.pg_class'::regclass and e.objid = c.oid
    and e.refclassid = 'pg_catalog.pg_extension'::regclass)
from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where i.indrelid = %(table)s::oid and (%(column)s = any(i.indkey::int2[]) or exists (
  select from pg_catalog.pg_depend d
  where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = i.indexrelid
    and d.refclassid = 'pg_catalog.pg_class'::regclass
    and d.refobjid = i.indrelid and d.refobjsubid = %(column)s))
order by c.relname
"""
# The type itself, and those that a value of it is without a change of bytes.
_AS_NEW = """
select %(new)s::oid::bigint
union all
select c.casttarget::bigint from pg_catalog.pg_cast c
where c.castsource = %(new)s::oid and c.castmethod = 'b' and c.castcontext = 'i'
"""


async def indexes(
    connection: AsyncConnection[TupleRow], subject: Subject, rereading: Rereading, strip: Strip
) -> list[Dependent]:
    """The indexes that hold the column, as a key, included, in an expression or in the predicate."""
    as_new = [oid for (oid,) in await _rows(connection, _AS_NEW, {"new": subject.cast.target.oid})]
    parameters: dict[str, object] = {
        "table": subject.table.oid,
        "column": subject.column.number,
        "old": subject.cast.source.oid,
        "as_new": as_new,
        "collatable": subject.cast.target.collatable,
        "collation": subject.column.collation,
    }
    rows = await _rows(connection, _INDEXES, parameters)
    return [await _index(row, subject, rereading, strip) for row in rows]


async def _index(row: TupleRow, subject: Subject, rereading: Rereading, strip: Strip) -> Dependent:
    schema, name, definition, valid, _, _, constraint, expressions, predicate, targets, *flaws = row
    classless, collated, of_extension = flaws
    described = f"index {schema}.{name}"
    objection = await _objection([*(expressions or ()), predicate], subject, rereading)
    reasons = {
        "is invalid: rebuild or drop it first": not valid,
        f"has an operator class that does not take {subject.cast.target.spelled}": classless,
        f"has a collation, and {subject.cast.target.spelled} takes none": collated,
        f"could not be read any more: {objection}": objection,
        "depends on an extension": of_extension,
        "has a statistics target that it might lose with a cast": targets and strip.changes(definition),
    }
    if reason := next((reason for reason, holds in reasons.items() if holds), None):
        return refused(described, reason)
    quoted = identifier(schema, name).as_string()
    mended = tuple(verified(f"alter index {quoted} alter column {n} set statistics {t}") for n, t in targets or ())
    if constraint or not strip.changes(definition):
        return Dependent(described, mended=mended)
    return Dependent(
        described,
        mended=mended,
        undo_down=(verified(f"drop index {quoted}"),),
        undo_up=(*_made_again(row, quoted, subject.table_name), *mended),
    )


def _made_again(row: TupleRow, quoted: str, table_name: str) -> Iterator[str]:
    """The index as it was before: an expression that named the new type reads otherwise by the time of the undo."""
    _, name, definition, _, clustered, comment, *_ = row
    yield verified(definition)
    if comment is not None:
        yield verified(f"comment on index {quoted} is {literal(comment)}")
    if clustered:
        yield verified(f"alter table {table_name} cluster on {identifier(name).as_string()}")


async def _objection(expressions: Sequence[str | None], subject: Subject, rereading: Rereading) -> str | None:
    relation = (subject.table.schema, subject.table.name)
    for expression in expressions:
        if expression and (found := await rereading.objection_to_expression(expression, (relation, relation[1]))):
            return found
    return None


async def _rows(connection: AsyncConnection[TupleRow], query: str, parameters: dict[str, object]) -> list[TupleRow]:
    return await (await connection.execute(verbatim(query), parameters)).fetchall()
