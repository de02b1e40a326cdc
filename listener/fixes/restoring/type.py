"""Types of another definition than expected: an enum gets the labels that it lacks, a domain what it should check.

No label of an enum can be taken away, and a type of any other kind cannot be changed while columns have it: such a type
is made anew, by approval, where nothing stands on it, and else refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pglast import ast
from pglast.enums import ConstrType
from pglast.stream import RawStream

from ...errors import PlanRefused
from ...expected.portrait import Portrayed
from ..dependents.definition import literal
from ..plan import Hazard, Plan, Step
from .constraint_definition import names_in
from .found import read_found
from .making import make, parsed_definition, unmake
from .place import quote, said_of
from .stored import verified
from .strange_code import strange_code
from .subject import Subject
from .turn import Turn
from .whole import left_by

_DOMAIN = """
pg_catalog.concat_ws(' ', o.typnotnull, o.typdefault, (
  select pg_catalog.string_agg(pg_catalog.concat_ws(' ', k.conname, pg_catalog.pg_get_constraintdef(k.oid)), ' '
    order by k.conname)
  from pg_catalog.pg_constraint k where k.contypid = o.oid and k.contype = 'c'))
"""

# The whole of it, in names: the same text in whatever database.
_DEFINITION = """
pg_catalog.concat_ws(' ', o.typtype, pg_catalog.format_type(nullif(o.typbasetype, 0), o.typtypmod), o.typnotnull,
  o.typdefault,
  (select pg_catalog.string_agg(pg_catalog.quote_literal(e.enumlabel), ' ' order by e.enumsortorder)
    from pg_catalog.pg_enum e where e.enumtypid = o.oid),
  (select pg_catalog.string_agg(pg_catalog.concat_ws(' ', pg_catalog.quote_ident(a.attname),
      pg_catalog.format_type(a.atttypid, a.atttypmod)), ', ' order by a.attnum)
    from pg_catalog.pg_attribute a where a.attrelid = o.typrelid and a.attnum > 0 and not a.attisdropped),
  (select pg_catalog.format_type(g.rngsubtype, null) from pg_catalog.pg_range g where g.rngtypid = o.oid))
"""
# Labels, attributes and checks are rows of their own: whoever adds one leaves that of the type as it is.
_OF_ONE_HAND = """
not exists (select from (
    select e.xmin from pg_catalog.pg_enum e where e.enumtypid = o.oid
    union all select a.xmin from pg_catalog.pg_attribute a where a.attrelid = o.typrelid and a.attnum > 0
    union all select k.xmin from pg_catalog.pg_constraint k where k.contypid = o.oid
  ) as part (xmin) where part.xmin <> o.xmin)
"""
# Its array and its multirange, what a range type makes along, and the composite type's own relation are of itself.
_STANDING = """
(select pg_catalog.string_agg(distinct pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid), ', ')
  from pg_catalog.pg_depend d
  where d.refclassid = 'pg_catalog.pg_type'::regclass and d.deptype not in ('i', 'e')
    and d.refobjid in (select t.oid from pg_catalog.pg_type t where t.oid in (o.oid, o.typarray)
      union all select g.rngmultitypid from pg_catalog.pg_range g where g.rngtypid = o.oid)
    and not exists (select from pg_catalog.pg_depend i where i.classid = d.classid and i.objid = d.objid
      and i.deptype = 'i' and i.refclassid = 'pg_catalog.pg_type'::regclass)
    and not (d.classid = 'pg_catalog.pg_constraint'::regclass and exists (
      select from pg_catalog.pg_constraint k where k.oid = d.objid and k.contypid = o.oid)))
"""


async def replace_type(subject: Subject) -> Plan:
    """The type as expected, where that can be without making it anew."""
    found = await read_found(subject)
    old, new = parsed_definition(found)[1], parsed_definition(subject.expected)[1]
    if isinstance(old, ast.CreateEnumStmt) and isinstance(new, ast.CreateEnumStmt):
        before, after = names_in(old.vals), names_in(new.vals)
        if (why := _why_not_labelled(subject, before, after)) is None:
            return _with_labels(subject, before, after)
        return await _made_anew(subject, found, why)
    if isinstance(old, ast.CreateDomainStmt) and isinstance(new, ast.CreateDomainStmt):
        if (old.typeName, old.collClause) == (new.typeName, new.collClause):
            return await _with_checks(subject, old, new)
        return await _made_anew(subject, found, "a domain over another type cannot be changed")
    return await _made_anew(subject, found, "PostgreSQL changes no type whose values are stored")


async def _made_anew(subject: Subject, found: Portrayed, why: str) -> Plan:
    """The type dropped and made again, where nothing would go with it; raises PlanRefused with what stands on it."""
    standing = await subject.value(said_of(subject.name, _STANDING))
    if standing:
        raise PlanRefused(
            f"{subject.said}: {why}, and this stands on it: {standing}. Cure: make a type as expected under another"
            f" name ({subject.expected.definition}), give what stands on the old one that, drop the old one, rename."
        )
    there = await make(subject, replace(found, definition=subject.expected.definition))
    back = await make(subject, found)
    state = said_of(subject.name, _DEFINITION)
    turn = Turn(
        title=f"Make {subject.said} anew as expected",
        undo_title=f"Make {subject.said} anew as it was",
        state=state,
        before=await subject.value(state),
        left=f"{left_by(subject)} and {said_of(subject.name, _OF_ONE_HAND)}",
        statements=(unmake(found), *there.statements),
        undo=(unmake(subject.expected), *back.statements),
    )
    return subject.plan(
        f"Make {subject.said} anew as expected",
        [turn.step()],
        [turn.inverse()],
        approval=f"{why}: it is dropped and made anew; nothing stands on it",
    )


def _why_not_labelled(subject: Subject, old: tuple[str, ...], new: tuple[str, ...]) -> str | None:
    """Why ADD VALUE cannot make one of the other; None where it can."""
    gone = [label for label in old if label not in new]
    if not gone:
        if [label for label in new if label in old] == list(old):
            return None
        return f"its labels are in another order ({', '.join(old)}), and the order of labels cannot be changed"
    name, lacking = quote(subject.name.schema, subject.name.name), [label for label in new if label not in old]
    renamed = ""
    if len(gone) == len(lacking) and len(old) == len(new):
        each = "; ".join(
            f"alter type {name} rename value {literal(was)} to {literal(label)}"
            for was, label in zip(gone, lacking, strict=True)
        )
        renamed = f" (if that is what somebody renamed, this gives the name back: {each};)"
    return f"it has labels that were not expected, {', '.join(gone)}, and no label can go{renamed}"


def _with_labels(subject: Subject, old: tuple[str, ...], new: tuple[str, ...]) -> Plan:
    steps = [_label(subject, label, new, old) for label in new if label not in old]
    return subject.plan(
        f"Add {len(steps)} labels to {subject.said}",
        steps,
        [],
        no_inverse="A label of an enum can't be taken away again.",
    )


def _label(subject: Subject, label: str, new: tuple[str, ...], old: tuple[str, ...]) -> Step:
    """The label in its place: after the one that it should follow, else before the first of those that are there."""
    place = new.index(label)
    where = f" after {literal(new[place - 1])}" if place else f" before {literal(old[0])}" if old else ""
    name = quote(subject.name.schema, subject.name.name)
    there = said_of(
        subject.name,
        f"exists (select from pg_catalog.pg_enum e where e.enumtypid = o.oid and e.enumlabel = {literal(label)})",
    )
    return Step(
        title=f"Add label {label} to {subject.said}",
        statements=(verified(f"alter type {name} add value {literal(label)}{where}", ast.AlterEnumStmt),),
        transactional=True,
        probe=verified(f"select case when {there} then 'done' else 'before' end", ast.SelectStmt),
    )


async def _with_checks(subject: Subject, old: Any, new: Any) -> Plan:
    if code := await strange_code(subject, old, new):
        raise PlanRefused(f"{subject.said} calls {code}, which would run with our rights.")
    state = said_of(subject.name, _DOMAIN)
    before = await subject.value(state)
    turn = Turn(
        title=f"Change {subject.said} to what is expected",
        undo_title=f"Change {subject.said} back",
        state=state,
        before=before,
        left=f"{state} is distinct from {literal(before)}",
        statements=tuple(_domain(subject, old, new)),
        undo=tuple(_domain(subject, new, old)),
    )
    return subject.plan(
        f"Change {subject.said} to what is expected",
        [turn.step()],
        [turn.inverse()],
        approval="every row of every column of that domain is read under a lock that stops writes",
        hazards=(Hazard.FULL_SCAN,),
    )


def _domain(subject: Subject, old: Any, new: Any) -> Iterator[str]:
    """ALTER DOMAIN from one definition to another: what goes first, then what comes."""
    name = quote(subject.name.schema, subject.name.name)
    had, has = _parts(old), _parts(new)
    for key in had.keys() - has.keys() | {key for key in had.keys() & has.keys() if had[key] != has[key]}:
        if key.startswith("check "):
            yield _alter(f"alter domain {name} drop constraint {quote(key.removeprefix('check '))}")
        elif key not in has:
            yield _alter(f"alter domain {name} drop {key}")
    for key, text in has.items():
        if had.get(key) != text:
            yield _alter(f"alter domain {name} {text}")


def _parts(node: Any) -> dict[str, str]:
    parts: dict[str, str] = {}
    for each in node.constraints or ():
        match each.contype:
            case ConstrType.CONSTR_NOTNULL:
                parts["not null"] = "set not null"
            case ConstrType.CONSTR_DEFAULT:
                parts["default"] = f"set default {RawStream()(each.raw_expr)}"
            case ConstrType.CONSTR_CHECK:
                check = f"add constraint {quote(each.conname)} check ({RawStream()(each.raw_expr)})"
                parts[f"check {each.conname}"] = check
            case _:
                raise PlanRefused(f"A domain with something unknown: {RawStream()(node)}")
    return parts


def _alter(text: str) -> str:
    return verified(text, ast.AlterDomainStmt)
