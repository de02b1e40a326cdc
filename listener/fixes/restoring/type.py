"""Types of another definition than expected: an enum gets the labels that it lacks, a domain what it should check.

No label of an enum can be taken away, and a type of any other kind cannot be changed while columns have it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pglast import ast
from pglast.enums import ConstrType
from pglast.stream import RawStream

from ...errors import PlanRefused
from ..dependents.definition import literal
from ..plan import Hazard, Plan, Step
from .constraint_definition import names_in
from .found import read_found
from .making import parsed_definition
from .place import quote, said_of
from .stored import verified
from .strange_code import strange_code
from .subject import Subject
from .turn import Turn

_DOMAIN = """
pg_catalog.concat_ws(' ', o.typnotnull, o.typdefault, (
  select pg_catalog.string_agg(pg_catalog.concat_ws(' ', k.conname, pg_catalog.pg_get_constraintdef(k.oid)), ' '
    order by k.conname)
  from pg_catalog.pg_constraint k where k.contypid = o.oid and k.contype = 'c'))
"""


async def replace_type(subject: Subject) -> Plan:
    """The type as expected, where that can be without making it anew."""
    found = await read_found(subject)
    old, new = parsed_definition(found)[1], parsed_definition(subject.expected)[1]
    if isinstance(old, ast.CreateEnumStmt) and isinstance(new, ast.CreateEnumStmt):
        return _with_labels(subject, names_in(old.vals), names_in(new.vals))
    if isinstance(old, ast.CreateDomainStmt) and isinstance(new, ast.CreateDomainStmt):
        return await _with_checks(subject, old, new)
    raise PlanRefused(
        f"{subject.said} is of another kind or has other parts: PostgreSQL changes no type whose values are stored."
        f" Cure: make a new type {subject.expected.definition}, and give the columns that."
    )


def _with_labels(subject: Subject, old: tuple[str, ...], new: tuple[str, ...]) -> Plan:
    if gone := [label for label in old if label not in new]:
        raise PlanRefused(f"{subject.said} has labels that were not expected, and no label can go: {', '.join(gone)}.")
    if [label for label in new if label in old] != list(old):
        raise PlanRefused(f"The labels of {subject.said} are in another order, which cannot be changed.")
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
    if old.typeName != new.typeName:
        raise PlanRefused(f"{subject.said} is over another type, which cannot be changed while columns have it.")
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
