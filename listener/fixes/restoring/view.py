"""Views and materialized views of another definition than expected.

CREATE OR REPLACE where the columns stay as they are. Else the view is dropped and made anew with all views that stand
on it; what else stands on it could not be restored, and is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter

from pglast import ast

from ...catalog.snapshot import Oid
from ...errors import PlanRefused
from ...expected.likeness import same_text, same_tree
from ...expected.portrait import ObjectKind, ObjectName, Portrayed
from ...store.expected import read_expected_parts
from ..composed import verbatim
from ..plan import Hazard, Plan, Step
from .alteration import alter
from .description import described_columns
from .found import read_found, read_relations
from .making import make, or_replace, parsed_definition, quoted_columns, unmake
from .place import described, exists, said_of, spelled
from .reading import wait_until_readable
from .stored import verified
from .subject import Subject
from .turn import Turn
from .view_settings import restore_view_settings
from .whole import left_by, missing, query_of, require_ground

_STATE = "pg_catalog.concat(pg_catalog.pg_get_viewdef(o.oid), ' ', o.reloptions)"
_STANDING = """
with recursive standing (oid) as (
  select {view}
  union
  select r.ev_class from standing s join pg_catalog.pg_depend d
      on d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = s.oid
        and d.classid = 'pg_catalog.pg_rewrite'::regclass
    join pg_catalog.pg_rewrite r on r.oid = d.objid
  where r.rulename = '_RETURN' and r.ev_class <> s.oid
)
select s.oid::bigint, n.nspname::text, c.relname::text, c.relkind::text,
  coalesce((select pg_catalog.array_agg(distinct b.oid::bigint) from standing b join pg_catalog.pg_depend d
      on d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = b.oid
        and d.classid = 'pg_catalog.pg_rewrite'::regclass
    join pg_catalog.pg_rewrite r on r.oid = d.objid and r.ev_class = s.oid where b.oid <> s.oid), '{{}}'),
  (select pg_catalog.min(pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid))
    from pg_catalog.pg_depend d
      left join pg_catalog.pg_rewrite r on d.classid = 'pg_catalog.pg_rewrite'::regclass and r.oid = d.objid
      left join pg_catalog.pg_trigger t on d.classid = 'pg_catalog.pg_trigger'::regclass and t.oid = d.objid
      left join pg_catalog.pg_class i on d.classid = 'pg_catalog.pg_class'::regclass and i.oid = d.objid
    where (d.refclassid, d.refobjid) in (('pg_catalog.pg_class'::regclass, s.oid),
        ('pg_catalog.pg_type'::regclass, c.reltype),
        ('pg_catalog.pg_type'::regclass, (select y.typarray from pg_catalog.pg_type y where y.oid = c.reltype)))
      and d.deptype not in ('i', 'e') and d.classid <> 'pg_catalog.pg_attrdef'::regclass
      and not coalesce(r.ev_class in (select oid from standing), false)
      and not coalesce(t.tgrelid = s.oid, false)
      and not coalesce(i.relkind = 'i', false))
from standing s join pg_catalog.pg_class c on c.oid = s.oid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
"""
_KINDS = {"v": ObjectKind.VIEW, "m": ObjectKind.MATERIALIZED_VIEW}


async def replace_view(subject: Subject) -> Plan:
    """The view as expected, its columns, rights and comments as they are."""
    await require_ground(subject)
    found = await read_found(subject)
    if _same_query(subject, found):
        return await alter(subject, "the settings", await restore_view_settings(subject, found))
    if quoted_columns(found) != quoted_columns(subject.expected) or not await _same_types(subject, found):
        return await remake_view(subject)
    turn = Turn(
        title=f"Replace {subject.said}",
        undo_title=f"Replace {subject.said} by what it was",
        state=said_of(subject.name, _STATE),
        before=await subject.value(said_of(subject.name, _STATE)),
        left=left_by(subject),
        statements=(or_replace(parsed_definition(subject.expected)[0], "VIEW"),),
        undo=(or_replace(parsed_definition(found)[0], "VIEW"),),
    )
    return subject.plan(f"Replace {subject.said} by what is expected", [turn.step()], [turn.inverse()])


async def replace_materialized_view(subject: Subject) -> Plan:
    """The materialized view as expected; its rows are computed anew only where its query is another one."""
    found = await read_found(subject)
    if _same_query(subject, found):
        return await alter(subject, "the settings", await restore_view_settings(subject, found))
    return await remake_view(subject)


async def remake_view(subject: Subject) -> Plan:
    """The view dropped and made anew, with every view that stands on it."""
    await require_ground(subject)
    fallen = await _fallen(subject)
    anew = {**fallen.objects}
    found = anew[subject.name]
    anew[subject.name] = replace(
        found, definition=subject.expected.definition, fields={**_without_columns(found), **subject.expected.fields}
    )
    turn = Turn(
        title=f"Make {subject.said} anew, and what stands on it",
        undo_title=f"Make {subject.said} anew as it was, and what stands on it",
        state=said_of(subject.name, _STATE),
        before=await subject.value(said_of(subject.name, _STATE)),
        left=left_by(subject),
        statements=(*_down(fallen.order, fallen.objects), *await _up(subject, fallen.order, anew)),
        undo=(*_down(fallen.order, anew), *await _up(subject, fallen.order, fallen.objects)),
    )
    materialized = [name for name in fallen.order if name.kind is ObjectKind.MATERIALIZED_VIEW]
    others = [described(name) for name in fallen.order if name != subject.name]
    along = f" with {', '.join(others)}" if others else ""
    cost = f", and the rows of {len(materialized)} materialized views are computed anew" if materialized else ""
    return subject.plan(
        f"Make {subject.said} anew as expected",
        [turn.step(), *(_filled(name, turn.left) for name in materialized)],
        [turn.inverse(), *(_filled(name, turn.taken_back) for name in materialized)],
        approval=f"it is dropped and made anew{along}{cost}",
        hazards=(
            *((Hazard.DEPENDENTS_RECREATED,) if others else ()),
            *((Hazard.UNKNOWN_DURATION,) if materialized else ()),
        ),
    )


async def restore_materialized_view(subject: Subject) -> Plan:
    """A materialized view that is missing, with its indexes, and its rows computed beside everybody."""
    if await subject.present():
        raise PlanRefused(f"{subject.said} is there by now.")
    await require_ground(subject)
    statements = [*(await make(subject, subject.expected)).statements]
    for index in await read_expected_parts(subject.site.connection, subject.name, ObjectKind.INDEX):
        statements += (await make(subject, index)).statements
    turn = missing(subject, statements)
    return subject.plan(
        f"Make {subject.said} again",
        [turn.step(), _filled(subject.name, turn.left)],
        [turn.inverse()],
        approval="its rows are computed anew: that reads all that it shows, for as long as its query takes",
        hazards=(Hazard.UNKNOWN_DURATION,),
    )


@dataclass(frozen=True, slots=True)
class _Fallen:
    """The view and all that stands on it: each after what it selects from."""

    order: tuple[ObjectName, ...]
    objects: dict[ObjectName, Portrayed]


async def _fallen(subject: Subject) -> _Fallen:
    query = _STANDING.format(view=said_of(subject.name, "o.oid"))
    rows = await (await subject.site.connection.execute(verbatim(query))).fetchall()
    names: dict[Oid, ObjectName] = {}
    for oid, schema, relation, kind, _, other in rows:
        if other or kind not in _KINDS:
            what = other or f"{schema}.{relation}"
            raise PlanRefused(f"{subject.said} cannot be made anew: {what} stands on it and could not be restored.")
        names[oid] = ObjectName(_KINDS[kind], schema, "", relation)
    order = TopologicalSorter({oid: set(shows) for oid, *_, shows, _ in rows}).static_order()
    portrait = await read_relations(subject, names)
    return _Fallen(tuple(names[oid] for oid in order), dict(portrait.objects))


def _same_query(subject: Subject, found: Portrayed) -> bool:
    if subject.known and same_tree(subject.expected.tree, found.tree):
        return subject.expected.fields.get("columns") == found.fields.get("columns")
    queries = [query_of(parsed_definition(each)[0]) for each in (subject.expected, found)]
    return same_text(queries[0], queries[1]) and subject.expected.fields.get("columns") == found.fields.get("columns")


def _down(order: Sequence[ObjectName], objects: dict[ObjectName, Portrayed]) -> list[str]:
    return [unmake(objects[name]) for name in reversed(order)]


async def _up(subject: Subject, order: Sequence[ObjectName], objects: dict[ObjectName, Portrayed]) -> list[str]:
    """Each view, then its parts (rules, triggers, indexes)."""
    statements: list[str] = []
    for name in order:
        made = await make(subject, objects[name])
        statements += made.statements
        for part in objects.values():
            if (part.name.schema, part.name.relation) == (name.schema, name.name):
                statements += (await make(subject, part)).statements
    return statements


def _filled(name: ObjectName, made: str) -> Step:
    """REFRESH, which runs as the owner and locks only what nobody can read yet; `made` says that it is there anew."""
    populated = f"{exists(name, 'o.relispopulated')} and {made}"
    return Step(
        title=f"Compute the rows of {described(name)}",
        statements=(verified(f"refresh {spelled(name)}", ast.RefreshMatViewStmt),),
        transactional=True,
        probe=verified(f"select case when {populated} then 'done' else 'before' end", ast.SelectStmt),
        long_running=True,
        compares=False,
    )


def _without_columns(found: Portrayed) -> dict[str, str]:
    return {key: value for key, value in found.fields.items() if not key.startswith("column")}


async def _same_types(subject: Subject, found: Portrayed) -> bool:
    """Whether the expected query gives columns of the types that the view has, of the same lengths too."""
    connection = subject.site.connection
    await wait_until_readable(subject, query_of(subject.expected.definition))
    expected, present = (query_of(parsed_definition(each)[0]) for each in (subject.expected, found))
    return await described_columns(connection, expected) == await described_columns(connection, present)
