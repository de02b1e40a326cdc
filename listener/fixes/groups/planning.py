"""The plan for columns that change together: each as it would change alone, in one transaction without their ties.

The foreign keys between them go first and come back last, word for word and with all rows checked: at no instant can
anybody else see them away. All of it is under the locks of all tables, so all of them have to be small enough; what is
too large is named, and waited for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...catalog.read import read_snapshot
from ...catalog.snapshot import Oid
from ...errors import PlanRefused
from ...remedy import ChangeColumnType
from ..composed import identifier, query, verbatim
from ..dependents.definition import literal, verified
from ..execution.guard import guard
from ..plan import CastClass, Check, Hazard, Lock, Plan, Step
from ..site import Site
from ..staleness import foundation
from .group import Group, Member, Tie

PlanOne = Callable[[ChangeColumnType, Site, frozenset[Oid]], Awaitable[Plan]]

_NAMES = """
select c.oid::bigint, pg_catalog.format('%%I.%%I', n.nspname, c.relname)
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = any(%s::oid[])
"""
# Of what was captured here the stored type is known: it was seen, and not only declared.
_SEEN_SO = """
select e.object_id::bigint, e.number from pgmend.expected_object e
where e.kind = 'column' and e.class_id = 'pg_catalog.pg_class'::regclass and e.object_id = any(%(tables)s::oid[])
  and e.tree is not null and e.fields ->> 'type' = %(type)s
"""
_NEIGHBOURS = """
select t.conrelid::bigint from pg_catalog.pg_constraint t
where t.contype = 'f' and t.confrelid = any(%(members)s::oid[])
union select t.confrelid::bigint from pg_catalog.pg_constraint t
where t.contype = 'f' and t.conrelid = any(%(members)s::oid[])
"""
# Each row of a referring table is looked up in the key; measured as in `rewrite_time.py`.
_TIE_MS_PER_ROW = 0.001
_TIE_MS = 1.0
_CLASSES = (None, CastClass.LOSSY, CastClass.CANONICAL, CastClass.EXACT)


@dataclass(frozen=True, slots=True)
class _Part:
    """A member and how it would change alone."""

    member: Member
    plan: Plan


async def change_together(remedy: ChangeColumnType, site: Site, group: Group, plan_one: PlanOne) -> Plan:
    """The plan for the whole group; `plan_one` plans one column while the foreign keys of these OIDs are away."""
    site, ties = await _with_members(site, group), frozenset(tie.oid for tie in group.ties)
    parts: list[_Part] = []
    for member in group.members:
        one = replace(remedy, table=member.table, column=member.number, restores=remedy.restores, then=None, along=None)
        try:
            parts.append(_Part(member, await plan_one(one, site, ties)))
        except PlanRefused as refused:
            raise PlanRefused(f"{member.said}, which has to change along: {refused}") from refused
    plan = await _as_restore(_whole(remedy, site, group, parts), site, group)
    if refusal := _refusal(parts):
        return replace(plan, refusal=refusal)
    if waits_for := _too_long(plan, parts, site):
        return replace(plan, waits_for=waits_for)
    return _with_steps(plan, group, parts)


def _whole(remedy: ChangeColumnType, site: Site, group: Group, parts: Sequence[_Part]) -> Plan:
    """The plan but for its steps."""
    plans = [part.plan for part in parts]
    tables = dict(sorted(table for plan in plans for table in plan.tables))
    near = site.snapshot.tables
    classes = {part.plan.cast_class for part in parts}
    estimates = [plan.estimate_ms for plan in plans if plan.estimate_ms is not None]
    rows = [plan.affected_rows for plan in plans if plan.affected_rows is not None]
    return Plan(
        kind=remedy.kind,
        issue_id=site.issue.issue_id,
        summary=_summary(remedy, group),
        remedy=remedy,
        tables=tuple(tables.items()),
        based_on=tuple((oid, foundation(near[oid], ())) for oid in tables if oid in near),
        checks=tuple(_named(part, check) for part in parts for check in part.plan.checks),
        inverse_checks=(
            *(_named(part, check) for part in parts for check in part.plan.inverse_checks),
            *(check for each in group.numberings for check in (each.is_as_left, each.within())),
        ),
        hazards=tuple(dict.fromkeys(hazard for plan in plans for hazard in plan.hazards)),
        cast_class=next(each for each in _CLASSES if each in classes),
        needs_approval=" ".join(_approvals(group, parts)) or None,
        affected_rows=sum(rows) if len(rows) == len(plans) else None,
        estimate_ms=sum(estimates) + _ties_ms(group, parts) if len(estimates) == len(plans) else None,
        notes=tuple(dict.fromkeys(_notes(group, plans))),
        proofs=tuple(
            replace(proof, name=f"{part.member.said}: {proof.name}") for part in parts for proof in part.plan.proofs
        ),
    )


async def _as_restore(plan: Plan, site: Site, group: Group) -> Plan:
    """The plan as a restore, where each column was seen in that type; where not all of them were, it takes an approval.

    The remedy knows it of the column that is asked for.
    """
    remedy = plan.remedy
    if not isinstance(remedy, ChangeColumnType) or not remedy.restores:
        return plan
    others = [member for member in group.members if member is not group.asked]
    if not others:
        return replace(plan, restores=True)
    values = {"tables": [member.table for member in others], "type": remedy.type_name}
    seen = set(await (await site.connection.execute(_SEEN_SO, values)).fetchall())
    unseen = [member.said for member in others if (member.table, member.number) not in seen]
    if not unseen:
        return replace(plan, restores=True)
    why = (
        f"Nobody has seen {', '.join(unseen)} with the type {remedy.type_name}, to which {group.asked.said} goes back."
    )
    return replace(plan, needs_approval=" ".join(filter(None, (plan.needs_approval, why))))


def _summary(remedy: ChangeColumnType, group: Group) -> str:
    others = [member.said for member in group.members if member is not group.asked]
    sequences = [f"sequence {each.schema}.{each.name}" for each in group.numberings]
    along = ", ".join([*others, *sequences])
    return f"Change {group.asked.said} to {remedy.type_name}" + (f", together with {along}" if along else "")


def _named(part: _Part, check: Check) -> Check:
    """The check under a name of its own: several columns may have the same."""
    return replace(check, name=f"{part.member.said}: {check.name}")


def _approvals(group: Group, parts: Sequence[_Part]) -> Iterator[str]:
    for member in group.by_evidence:
        yield f"{member.said} changes along by evidence alone: no foreign key ties it to {group.asked.said}."
    for part in parts:
        if part.plan.needs_approval:
            yield f"{part.member.said}: {part.plan.needs_approval}"


def _notes(group: Group, plans: Sequence[Plan]) -> Iterator[str]:
    for plan in plans:
        yield from plan.notes
    yield from group.notes
    yield from filter(None, (numbering.note for numbering in group.numberings))


def _ties_ms(group: Group, parts: Sequence[_Part]) -> float:
    rows = {part.member.table: part.plan.affected_rows or 0 for part in parts}
    return sum(_TIE_MS + rows[tie.table] * _TIE_MS_PER_ROW for tie in group.ties)


def _refusal(parts: Sequence[_Part]) -> str | None:
    """Why one of them cannot change, and so none can."""
    reasons = [f"{part.member.said}: {part.plan.refusal}" for part in parts if part.plan.refusal]
    reasons += [
        f"{part.member.said}: its values would be spelled otherwise, and a group of columns keeps no spellings"
        for part in parts
        if part.plan.backups
    ]
    return "\n".join(reasons) or None


def _too_long(plan: Plan, parts: Sequence[_Part], site: Site) -> str | None:
    """What the whole has to wait for, with each table's share."""
    most = site.limits.online_above / timedelta(milliseconds=1)
    if plan.estimate_ms is not None and plan.estimate_ms <= most and plan.cast_class is not None:
        return None
    shares = ", ".join(f"{part.member.said} {_milliseconds(part.plan.estimate_ms)}" for part in parts)
    return (
        f"an online change of all {len(parts)} columns together, which there is not yet: in one transaction it would"
        f" block everybody for about {_milliseconds(plan.estimate_ms)}, and {most:.0f} ms are allowed (online_above)."
        f" By column: {shares}"
    )


def _milliseconds(estimate: float | None) -> str:
    return "nobody knows how long" if estimate is None else f"{estimate:.0f} ms"


def _with_steps(plan: Plan, group: Group, parts: Sequence[_Part]) -> Plan:
    there, back = [part.plan.steps[0] for part in parts], [part.plan.inverse[0] for part in parts]
    locks = _in_order(plan, (lock for step in (*there, *back) for lock in step.locks))
    numberings = group.numberings
    return replace(
        plan,
        steps=(
            _as_one(
                plan.summary,
                there,
                group,
                locks=locks,
                numbered=_numbered(numbering.there for numbering in numberings),
                checks=[numbering.is_there for numbering in numberings],
            ),
        ),
        inverse=(
            _as_one(
                f"Change {len(parts)} columns back together",
                back[::-1],
                group,
                locks=locks,
                numbered=_numbered(numbering.back for numbering in numberings),
                checks=[numbering.is_back for numbering in numberings],
            ),
        ),
        hazards=tuple(dict.fromkeys((*plan.hazards, *((Hazard.FULL_SCAN,) if group.ties else ())))),
    )


def _as_one(
    title: str,
    steps: Sequence[Step],
    group: Group,
    *,
    locks: tuple[Lock, ...],
    numbered: Iterable[str],
    checks: Iterable[Check],
) -> Step:
    """The columns' steps in one transaction, without the keys that tie them; sequences come before what takes long."""
    return Step(
        title=title,
        statements=(
            guard(_as_planned(group)),
            *numbered,
            *_without_ties(group),
            *_changed(steps),
            *_with_ties(group),
        ),
        transactional=True,
        probe=_all(step.probe for step in steps),
        locks=locks,
        checks=(_as_planned(group), *checks),
        rewrites=any(step.rewrites for step in steps),
        ahead=tuple(statement for step in steps for statement in step.ahead),
        defaults_of=tuple(column for step in steps for column in step.defaults_of),
    )


def _changed(steps: Sequence[Step]) -> Iterator[str]:
    """Each column's own statements, and what has to hold of it before the next one's turn."""
    for step in steps:
        yield from step.statements
        yield from map(guard, step.checks)


def _numbered(statements: Iterable[Sequence[str]]) -> Iterator[str]:
    """The sequences' statements, before all that takes long: who has taken a number is waited for with nothing done."""
    for each in statements:
        yield from each


def _without_ties(group: Group) -> Iterator[str]:
    for tie in group.ties:
        yield verified(f"alter table only {tie.table_name} drop constraint {_quoted(tie)}")


def _with_ties(group: Group) -> Iterator[str]:
    for tie in group.ties:
        yield verified(f"alter table only {tie.table_name} add constraint {_quoted(tie)} {tie.definition}")
        if tie.comment is not None:
            yield verified(f"comment on constraint {_quoted(tie)} on {tie.table_name} is {literal(tie.comment)}")


def _quoted(tie: Tie) -> str:
    return identifier(tie.name).as_string()


def _as_planned(group: Group) -> Check:
    """The check that the foreign keys are what the plan saw, before they go and once they are back."""
    rows = [_row(tie) for tie in group.ties] or ["(0::oid, 0::oid, '', '', null)"]
    named = [f"({tie.table}::oid, {literal(tie.name)})" for tie in group.ties] or ["(0::oid, '')"]
    text = f"""
    select coalesce(w.name, t.conname) as name,
      case when t.oid is null then 'is gone' when w.name is null then 'is new' else 'says something else' end as so
    from (values {", ".join(rows)}) as w (child, parent, name, said, noted)
      full join (select * from pg_catalog.pg_constraint where contype = 'f' and conparentid = 0
        and (conrelid, conname) in (values {", ".join(named)})) as t
        on t.conrelid = w.child and t.confrelid = w.parent and t.conname = w.name
    where w.name is distinct from '' and (
      t.oid is null or w.name is null or pg_catalog.pg_get_constraintdef(t.oid) <> w.said
      or pg_catalog.obj_description(t.oid, 'pg_constraint') is distinct from w.noted
      or exists (select from pg_catalog.pg_trigger g where g.tgconstraint = t.oid and g.tgenabled <> 'O'))
    """
    return Check(
        "the foreign keys between the columns are as they were",
        query(verbatim(text.strip()), ("pg_catalog", "pg_constraint"), ("pg_catalog", "pg_trigger")),
        "Foreign keys that somebody changed.",
    )


def _row(tie: Tie) -> str:
    noted = "null" if tie.comment is None else literal(tie.comment)
    return f"({tie.table}::oid, {tie.referenced_table}::oid, {literal(tie.name)}, {literal(tie.definition)}, {noted})"


def _all(probes: Iterable[str]) -> str:
    """The probe that says what all of these say, and `partial` where they do not agree."""
    listed = [f"({probe})" for probe in probes]
    text = f"""
    select case when pg_catalog.bool_and(said = 'done') then 'done'
      when pg_catalog.bool_and(said = 'before') then 'before' else 'partial' end
    from (values {", ".join(f"({each})" for each in listed)}) as each (said)
    """
    return query(verbatim(text.strip()), ("pg_catalog", "pg_attribute"))


def _in_order(plan: Plan, locks: Iterable[Lock]) -> tuple[Lock, ...]:
    """Each once, in the order of the tables' OIDs: two that change the same tables take them one way round."""
    places = {name: place for place, (_, name) in enumerate(plan.tables)}
    return tuple(sorted(dict.fromkeys(locks), key=lambda lock: places.get(lock.relation, len(places))))


async def _with_members(site: Site, group: Group) -> Site:
    """The site with all tables of the group, and their neighbours by foreign key, as they are now.

    Members may be many keys away from the column that is asked for, where nobody has looked yet.
    """
    members = {"members": list({member.table for member in group.members})}
    neighbours = await (await site.connection.execute(_NEIGHBOURS, members)).fetchall()
    oids = frozenset((*members["members"], *(oid for (oid,) in neighbours)))
    snapshot = site.snapshot.replaced(await read_snapshot(site.connection, oids), oids)
    return replace(site, snapshot=snapshot, names={**site.names, **await _names_of(site.connection, oids)})


async def _names_of(connection: AsyncConnection[TupleRow], oids: frozenset[Oid]) -> dict[Oid, str]:
    return dict(await (await connection.execute(_NAMES, (list(oids),))).fetchall())
