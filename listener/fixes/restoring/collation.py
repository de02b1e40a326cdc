"""The collation of a column whose type is as expected: no row is written, and the indexes on it are built anew."""

from __future__ import annotations

from pglast.enums import AlterTableType

from ...errors import PlanRefused
from ...expected.portrait import Portrayed
from ..dependents.definition import literal
from ..plan import Hazard, Plan
from .alteration import Alteration, alter, alter_table
from .place import quote, said_of
from .subject import Subject

_COLLATION = """
(select pg_catalog.format('%I.%I', n.nspname, l.collname) from pg_catalog.pg_collation l
    join pg_catalog.pg_namespace n on n.oid = l.collnamespace
  where l.oid = o.attcollation and l.oid <> (
    select t.typcollation from pg_catalog.pg_type t where t.oid = o.atttypid))
"""
_EXISTS = """
(select true from pg_catalog.pg_collation l where l.oid = pg_catalog.to_regcollation({collation}))
"""
# What ALTER TYPE takes along without a look at rows and without code of anybody: the default, NOT NULL, and indexes
# of columns alone, those of keys included.
_STANDING = """
(select pg_catalog.string_agg(distinct pg_catalog.pg_describe_object(d.classid, d.objid, 0), ', ')
  from pg_catalog.pg_depend d
    left join pg_catalog.pg_attrdef f on d.classid = 'pg_catalog.pg_attrdef'::regclass and f.oid = d.objid
    left join pg_catalog.pg_constraint k on d.classid = 'pg_catalog.pg_constraint'::regclass and k.oid = d.objid
    left join pg_catalog.pg_index i on d.classid = 'pg_catalog.pg_class'::regclass and i.indexrelid = d.objid
  where d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = o.attrelid and d.refobjsubid = o.attnum
    and not (f.oid is not null and (f.adrelid, f.adnum) = (o.attrelid, o.attnum) and o.attgenerated = '')
    and not coalesce(k.conrelid = o.attrelid and k.contype in ('n', 'p', 'u'), false)
    and not (i.indexrelid is not null and i.indexprs is null and i.indpred is null))
"""
_INDEXES = """
(select pg_catalog.string_agg(pg_catalog.format('%I', c.relname), ', ' order by c.relname)
  from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
  where i.indrelid = o.attrelid and o.attnum = any(i.indkey))
"""


async def restore_collation(subject: Subject, found: Portrayed) -> Plan:
    """The collation as expected, with what ALTER TYPE forgets of the column; refused where more would go along."""
    await _refuse(subject)
    indexes = await subject.value(said_of(subject.name, _INDEXES))
    built = f"indexes {indexes} are built anew under a lock that keeps readers and writers out" if indexes else None
    wanted = subject.expected.fields.get("collation")
    alteration = Alteration(
        state=said_of(subject.name, _COLLATION),
        wanted=wanted,
        there=_turned(subject, found, wanted),
        back=_turned(subject, found, found.fields.get("collation")),
        approval=built,
        hazards=(Hazard.ORDER_CHANGES, *((Hazard.INDEX_BUILD,) if indexes else ())),
        notes=("What the planner knew of its values is gone until the next ANALYZE.",),
    )
    return await alter(subject, "the collation", [alteration])


async def _refuse(subject: Subject) -> None:
    wanted = subject.expected.fields.get("collation")
    if wanted is not None and not await subject.value(_EXISTS.format(collation=literal(wanted))):
        raise PlanRefused(f"{subject.said} should have collation {wanted}, and there is none. Cure: CREATE COLLATION.")
    by_hand = f"{_turned(subject, subject.expected, wanted)[0]};"
    if subject.table.parents or subject.table.oid in subject.site.snapshot.children:
        raise PlanRefused(
            f"{subject.said} differs in its collation alone, and is inherited: all tables of that tree have to change"
            f" at once. Cure, on the topmost table when nobody uses it: {by_hand}"
        )
    standing = await subject.value(said_of(subject.name, _STANDING))
    if standing:
        raise PlanRefused(
            f"{subject.said} differs in its collation alone, and this stands on it, which ALTER TYPE refuses or reads"
            f" every row for: {standing}. Cure: drop that, approve this fix (or run: {by_hand}), and make it again."
        )


def _turned(subject: Subject, settings: Portrayed, collation: str | None) -> tuple[str, ...]:
    """The type with that collation; storage and compression as somebody had set them, which it forgets."""
    fields = settings.fields
    collate = collation or 'pg_catalog."default"'
    return (
        _alter(subject, f"type {fields['type']} collate {collate}", AlterTableType.AT_AlterColumnType),
        *([_alter(subject, f"set storage {fields['storage']}", AlterTableType.AT_SetStorage)]
          if "storage" in fields else []),
        *([_alter(subject, f"set compression {fields['compression']}", AlterTableType.AT_SetCompression)]
          if "compression" in fields else []),
    )  # fmt: skip


def _alter(subject: Subject, action: str, command: AlterTableType) -> str:
    name = subject.name
    return alter_table((name.schema, name.relation), f"alter column {quote(name.name)} {action}", command)
