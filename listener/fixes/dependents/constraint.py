"""Constraints with the column in them: ALTER TYPE makes CHECK, UNIQUE and PRIMARY KEY anew under their names.

A foreign key is kept where one integer type becomes another, or one of text and varchar the other: all of them compare
with each other, and the values stay what they are. Otherwise both sides of it have to change at once (`groups/`): one
of a group is left to that, any other refused.
"""

from __future__ import annotations

from dataclasses import replace

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..composed import identifier
from ..plan import Lock
from ..retyping.casts import Cast
from .definition import literal, verified
from .dependent import Dependent, Subject, refused
from .rereading import Rereading
from .strip import Strip

_CONSTRAINTS = """
select t.oid::bigint, t.contype::text, t.conname::text, t.conrelid = %(table)s::oid,
  pg_catalog.pg_get_constraintdef(t.oid), pg_catalog.pg_get_expr(t.conbin, t.conrelid),
  pg_catalog.obj_description(t.oid, 'pg_constraint'),
  other.oid::bigint, case when other.oid is not null then pg_catalog.format('%%I.%%I', m.nspname, other.relname) end,
  m.nspname::text, other.relname::text,
  other.relkind::text, pg_catalog.pg_has_role(other.relowner, 'usage'),
  exists (select from pg_catalog.pg_trigger g where g.tgconstraint = t.oid and g.tgenabled <> 'O')
from pg_catalog.pg_constraint t
  left join pg_catalog.pg_class other
    on other.oid = case when t.conrelid = %(table)s::oid then t.confrelid else t.conrelid end
  left join pg_catalog.pg_namespace m on m.oid = other.relnamespace
where (t.conrelid = %(table)s::oid and %(column)s = any(t.conkey))
  or (t.confrelid = %(table)s::oid and %(column)s = any(t.confkey))
order by t.conname
"""
_TEXTS = frozenset({"text", "varchar"})
# Both are checked anew on every row, a foreign key only where its operator changes; measured as in `rewrite_time.py`.
_CHECK_MS_PER_ROW = 0.0003
_FOREIGN_KEY_MS_PER_ROW = 0.001


async def constraints(
    connection: AsyncConnection[TupleRow], subject: Subject, rereading: Rereading, strip: Strip
) -> list[Dependent]:
    """The constraints of the table on the column, and foreign keys that point at it."""
    parameters = {"table": subject.table.oid, "column": subject.column.number}
    found: list[Dependent] = []
    for row in await (await connection.execute(_CONSTRAINTS, parameters)).fetchall():
        oid, kind, name, ours, definition, expression, _, *other = row
        if oid in (subject.ties or ()):
            continue
        where = f"{subject.table.schema}.{subject.table.name}" if ours else f"{other[2]}.{other[3]}"
        described = f"constraint {name} on {where}"
        if kind == "f":
            found.append(_foreign_key(described, subject, definition, other))
        elif kind == "x":
            found.append(refused(described, "is an exclusion constraint"))
        elif kind == "c":
            objection = await _objection(expression, subject, rereading)
            if objection:
                found.append(refused(described, f"could not be read any more: {objection}"))
            else:
                kept = Dependent(described, ms_per_row=_CHECK_MS_PER_ROW)
                found.append(_read_otherwise(kept, subject, row) if strip.changes(definition) else kept)
        else:
            found.append(Dependent(described))
    return found


async def _objection(expression: str, subject: Subject, rereading: Rereading) -> str | None:
    relation = (subject.table.schema, subject.table.name)
    return await rereading.objection_to_expression(expression, (relation, relation[1]))


def _read_otherwise(kept: Dependent, subject: Subject, row: TupleRow) -> Dependent:
    """On the way back the CHECK is made anew: by then it has lost a cast that it needs there."""
    _, _, name, _, definition, _, comment, *_ = row
    quoted = identifier(name).as_string()
    again = [f"alter table only {subject.table_name} add constraint {quoted} {definition}"]
    if comment is not None:
        again.append(f"comment on constraint {quoted} on {subject.table_name} is {literal(comment)}")
    return replace(
        kept,
        undo_down=(verified(f"alter table only {subject.table_name} drop constraint {quoted}"),),
        undo_up=tuple(verified(each) for each in again),
    )


def _foreign_key(described: str, subject: Subject, definition: str, other: list[object]) -> Dependent:
    oid, relation_name, _, _, kind, ours, disabled = other
    reasons = {
        f"ties the column to a column of another table ({definition}): both would have to change at once":
            not compare_alike(subject.cast),
        "has triggers that are not enabled in the usual way": disabled,
        f"reaches {relation_name}, which is partitioned": kind != "r",
        f"reaches {relation_name}, which {subject.role} may not alter": not ours,
    }  # fmt: skip
    if reason := next((reason for reason, holds in reasons.items() if holds), None):
        return refused(described, reason)
    name = str(relation_name)
    kept = Dependent(described, ms_per_row=_FOREIGN_KEY_MS_PER_ROW if subject.cast.needs_rewrite else 0)
    if name == subject.table_name:
        return kept
    assert isinstance(oid, int)
    # ALTER TYPE drops the foreign key before it makes it anew, and its triggers with it, on both tables.
    return replace(kept, locks=(Lock("ACCESS EXCLUSIVE", name),), tables=((oid, name),))


def compare_alike(cast: Cast) -> bool:
    """Whether both types are of one btree family with the same notion of equality."""
    names = {cast.source.name, cast.target.name}
    return cast.source.family == cast.target.family == "integer" or names <= _TEXTS
