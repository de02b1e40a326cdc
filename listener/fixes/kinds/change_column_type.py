"""ALTER COLUMN … TYPE in one transaction with all that hangs on the column, proved under its lock, and its way back.

Alone only by a cast that loses nothing: what restores a type that pgmend saw, or what a rehearsal proved. What would
hold the lock for longer than `online_above` waits, or goes another way where `online_changes` is on, and never alone: a
column beside it that takes its place (`online/`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...catalog.snapshot import Oid
from ...errors import CouldNotLook, PlanRefused
from ...remedy import ChangeColumnType
from ..backup_record import SCHEMA
from ..dependents import Dependents, Subject, read_dependents
from ..execution.guard import guard
from ..fix_kind import fix_kind
from ..groups.group import read_group
from ..groups.planning import change_together
from ..online.planning import Ground, online
from ..plan import CastClass, Check, Hazard, Lock, Plan, Step
from ..retyping.backup import SpellingBackup, spelling_backup
from ..retyping.casts import Cast, find_cast, refuse_strange_casts
from ..retyping.classification import Classification, classify
from ..retyping.collision import collisions
from ..retyping.column_change import ColumnChange, column_change, still_called, values_that_are
from ..retyping.column_type import type_named, type_of_column
from ..retyping.replanning import Replanning, replanning
from ..retyping.retyped_default import RetypedDefault, retyped_default
from ..retyping.rewrite_time import Size, milliseconds_locked, size_of
from ..retyping.unknown_cost import needs_of_unknown_cost
from ..site import Site

_MOST_REASONS = 5
# Beyond it nobody would wait for a look at every row: the online change looks at them as it goes.
_MOST_PAGES = 200_000


@dataclass(frozen=True, slots=True)
class _Survey:
    """What a look at the column told. `found` is None where there are too many rows to look at in a minute.

    `unknown` names what the estimate of the time cannot know the cost of.
    """

    dependents: Dependents
    default: RetypedDefault
    size: Size
    unknown: tuple[str, ...]
    found: Classification | None

    @property
    def cast_class(self) -> CastClass | None:
        """The class of the worst value."""
        if self.found is None:
            return None
        if self.found.lossy:
            return CastClass.LOSSY
        return CastClass.CANONICAL if self.found.canonical or self.default.canonical else CastClass.EXACT


@dataclass(frozen=True, slots=True)
class _Change:
    """All that the steps are made of."""

    subject: Subject
    dependents: Dependents
    default: RetypedDefault
    column: ColumnChange
    backup: SpellingBackup | None
    replanning: Replanning
    analyzed: bool


@fix_kind(ChangeColumnType)
async def change_column_type(remedy: ChangeColumnType, site: Site) -> Plan:
    """The column in its other type, with those that foreign keys tie to it; or why that may not be."""
    subject = await _subject(remedy, site)
    group = await read_group(site.connection, remedy, subject)
    if group is not None:
        return await change_together(remedy, site, group, _of_a_group)
    plan, change = await _planned(remedy, site, subject)
    if change is None:
        return plan
    if plan.cast_class is None or (plan.estimate_ms or 0) > site.limits.online_above / timedelta(milliseconds=1):
        return await _online(plan, change, site)
    return _with_steps(plan, change)


async def _of_a_group(remedy: ChangeColumnType, site: Site, ties: frozenset[Oid]) -> Plan:
    """One column of a group under its lock, while the group's foreign keys are not there."""
    plan, change = await _planned(remedy, site, replace(await _subject(remedy, site), ties=ties))
    return plan if change is None else _with_steps(plan, change)


async def _planned(remedy: ChangeColumnType, site: Site, subject: Subject) -> tuple[Plan, _Change | None]:
    """The plan but for its steps, and what they are made of; None where it is refused."""
    cast = subject.cast
    dependents = await read_dependents(site.connection, subject)
    plan = Plan(
        kind=remedy.kind,
        issue_id=site.issue.issue_id,
        summary=f"Change {_called(subject)} from {cast.source.spelled} to {cast.target.spelled}",
        remedy=remedy,
        tables=((subject.table.oid, subject.table_name), *dependents.tables),
        restores=remedy.restores,
        notes=(*dependents.notes, *_notes(subject)),
    )
    if dependents.refusals:
        return replace(plan, refusal=_listed(dependents.refusals)), None
    survey = await _survey(site, subject, dependents)
    if survey.found is not None:
        proofs, rows = (survey.found.proof,), survey.found.rows
        plan = replace(plan, cast_class=survey.cast_class, proofs=proofs, affected_rows=rows)
        if survey.found.lossy:
            return replace(plan, refusal=_lossy(cast, survey.found)), None
    change = await _change(site, subject, survey)
    plan = replace(
        plan,
        checks=tuple(await _checks(site.connection, change)),
        estimate_ms=milliseconds_locked(survey.size, cast, dependents, analyzed=change.analyzed),
        needs_approval=_needs_approval(survey),
        hazards=(*_hazards(subject, survey), *([Hazard.STALE_PLANS] if change.replanning.stale else [])),
        notes=(*plan.notes, *_more_notes(change)),
        backups=(f"{SCHEMA}.{change.backup.name}",) if change.backup else (),
        keyed=(change.backup.keyed,) if change.backup else (),
    )
    return plan, change


async def _online(plan: Plan, change: _Change, site: Site) -> Plan:
    """The plan of the online change; raises PlanRefused where neither way is open."""
    subject, seen = change.subject, plan.cast_class is not None
    cast = subject.cast
    locked = f"ALTER TYPE would block everybody for about {plan.estimate_ms:.0f} ms"
    if change.backup is not None or change.default.canonical:
        raise PlanRefused(
            f"{locked}, and the online change keeps no spellings. Cure: approve it at a quiet time, with a larger"
            " online_above if others may wait for that long."
        )
    if not site.limits.online_changes:
        return replace(plan, waits_for=f"the online column change, which is off (online_changes): {locked}")
    ground = Ground(subject, change.dependents, change.default, change.column, change.replanning, seen)
    checks = () if cast.always_exact or not seen else (_values_pass(change),)
    fit_back = () if cast.back.always_exact or not seen else (_values_fit_back(subject),)
    try:
        beside = await online(plan, site, ground, checks, fit_back)
    except PlanRefused as refused:
        raise PlanRefused(f"{refused}\n{locked}.") from refused
    locking = _with_steps(plan, change)
    return replace(beside, elsewhere=locking.steps, elsewhere_back=locking.inverse)


async def _subject(remedy: ChangeColumnType, site: Site) -> Subject:
    table = site.table(remedy.table)
    column = table.column(remedy.column)
    if column is None:
        raise PlanRefused(f"The column that was to change its type is gone from {table.qualified_name}.")
    source = await type_of_column(site.connection, table.oid, column.number)
    target = await type_named(site.connection, remedy.type_name)
    if (source.oid, source.modifier) == (target.oid, target.modifier):
        raise PlanRefused(f"{table.qualified_name}.{column.name} is {target.spelled} already.")
    cast = find_cast(source, target, site.connection.info.server_version)
    await refuse_strange_casts(site.connection, cast)
    row = await (await site.connection.execute("select current_user::text")).fetchone()
    assert row is not None
    return Subject(table, site.names[table.oid], column, cast, row[0])


async def _survey(site: Site, subject: Subject, dependents: Dependents) -> _Survey:
    default = await retyped_default(site.connection, subject)
    size = await size_of(site.connection, subject.table.oid)
    unknown = await needs_of_unknown_cost(site.connection, subject)
    unseen = _Survey(dependents, default, size, unknown, None)
    if subject.cast.always_exact:
        return replace(unseen, found=Classification.by_type(size.rows))
    if size.pages > _MOST_PAGES:
        return unseen
    try:
        found = await classify(site.connection, subject, site.limits.counter_examples)
    except psycopg.errors.QueryCanceled:
        return unseen
    except psycopg.errors.InsufficientPrivilege as error:
        raise CouldNotLook(f"The rows of {subject.table_name} are hidden from this role: {error}") from error
    return replace(unseen, size=replace(size, rows=found.rows), found=found)


async def _change(site: Site, subject: Subject, survey: _Survey) -> _Change:
    backup = None
    if survey.cast_class is CastClass.CANONICAL:
        rows = survey.found.canonical if survey.found else 0
        backup = await spelling_backup(site.connection, subject, site.fix_id, rows=rows, limits=site.limits)
    column = await column_change(site.connection, subject)
    # ANALYZE is worth its time under the lock only where that stays short.
    estimate = milliseconds_locked(survey.size, subject.cast, survey.dependents, analyzed=True)
    analyzed = timedelta(milliseconds=estimate) <= site.limits.online_above
    again = await replanning(site.connection, subject)
    return _Change(subject, survey.dependents, survey.default, column, backup, again, analyzed)


async def _checks(connection: AsyncConnection[TupleRow], change: _Change) -> list[Check]:
    """What has to hold before anything is tried."""
    values = [] if change.subject.cast.always_exact else [_values_pass(change)]
    return [*values, *await collisions(connection, change.subject), change.dependents.no_newcomers]


def _values_pass(change: _Change) -> Check:
    subject = change.subject
    value, target = subject.quoted_column, subject.cast.target.spelled
    if change.backup:
        return values_that_are(
            subject,
            f"{subject.cast.class_of(value)} = 'lossy'",
            f"every value has its like in {target}",
            "Values that would be lost or changed.",
        )
    return values_that_are(
        subject,
        f"not ({subject.cast.exact(value)})",
        f"every value comes back from {target} as it was",
        "Values that would be lost, changed or spelled otherwise.",
    )


def _with_steps(plan: Plan, change: _Change) -> Plan:
    """The plan with its steps."""
    subject, dependents = change.subject, change.dependents
    cast = subject.cast
    locks = (Lock("ACCESS EXCLUSIVE", subject.table_name), *dependents.locks)
    there = Step(
        title=plan.summary,
        statements=tuple(_there(change)),
        transactional=True,
        probe=change.column.probe(done=cast.target, before=cast.source),
        locks=locks,
        checks=(change.column.arrived(cast.target, change.column.collation_after), dependents.unchanged),
        rewrites=cast.needs_rewrite,
        ahead=dependents.description.ahead,
        defaults_of=((subject.table.oid, subject.column.name),),
    )
    back = Step(
        title=f"Change {_called(subject)} back to {cast.source.spelled}",
        statements=tuple(_back(change)),
        transactional=True,
        probe=change.column.probe(done=cast.source, before=cast.target),
        locks=locks,
        checks=(
            change.column.arrived(cast.source, change.column.collation_before),
            dependents.unchanged,
            *([dependents.as_before] if dependents.as_before else []),
        ),
        # The old spellings come back through a function in USING, whatever the types.
        rewrites=cast.back.needs_rewrite or change.backup is not None,
        ahead=dependents.description.ahead,
        defaults_of=((subject.table.oid, subject.column.name),),
    )
    fit_back = () if cast.back.always_exact else (_values_fit_back(subject),)
    return replace(plan, steps=(there,), inverse=(back,), inverse_checks=(*fit_back, dependents.no_newcomers))


def _there(change: _Change) -> Iterator[str]:
    """The transaction: nothing is touched before all was proved again, under the locks."""
    subject, dependents = change.subject, change.dependents
    yield guard(_names_hold(change))
    yield from dependents.held
    yield dependents.description.kept_before()
    if dependents.as_planned:
        yield guard(dependents.as_planned)
    if not subject.cast.always_exact:
        yield guard(_values_pass(change))
    if change.backup:
        yield from change.backup.filled()
    yield from dependents.down
    yield from change.default.dropped(subject)
    yield from change.column.there()
    yield from change.default.set(subject)
    yield from dependents.up
    yield from change.replanning.statements
    if change.analyzed:
        yield from change.column.analyzed()
    yield dependents.description.kept_after()


def _back(change: _Change) -> Iterator[str]:
    subject, dependents, backup = change.subject, change.dependents, change.backup
    yield guard(_names_hold(change))
    yield from dependents.held
    yield dependents.description.kept_before()
    if dependents.as_left:
        yield guard(dependents.as_left)
    if not subject.cast.back.always_exact:
        yield guard(_values_fit_back(subject))
    yield from dependents.undo_down
    yield from change.default.dropped(subject)
    if backup:
        yield backup.reader()
    yield from change.column.back(backup.restored() if backup else None)
    if backup:
        yield from backup.dropped()
    yield from change.default.set_back(subject)
    yield from dependents.undo_up
    yield from change.replanning.statements
    if change.analyzed:
        yield from change.column.analyzed()
    yield dependents.description.kept_after()


def _names_hold(change: _Change) -> Check:
    key = change.backup.key if change.backup else ()
    return still_called(change.subject, tuple(dict.fromkeys((change.subject.column, *key))))


def _values_fit_back(subject: Subject) -> Check:
    turned = replace(subject, cast=subject.cast.back)
    return values_that_are(
        turned,
        f"not ({turned.cast.exact(subject.quoted_column)})",
        f"every value has a place in {turned.cast.target.spelled}",
        "Values written since the fix that the old type does not hold.",
    )


def _called(subject: Subject) -> str:
    return f"{subject.table_name}.{subject.quoted_column}"


def _lossy(cast: Cast, found: Classification) -> str:
    reason = cast.caveat or f"{found.lossy} of {found.rows} values have no place in {cast.target.spelled}"
    return f"The cast is lossy: {reason}.\n{_listed(found.examples)}"


def _needs_approval(survey: _Survey) -> str | None:
    reasons: list[str] = []
    if survey.found and survey.found.canonical:
        reasons.append(f"{survey.found.canonical} values would be spelled otherwise; undo knows their spellings.")
    if survey.default.canonical:
        reasons.append(f"The default {survey.default.before} would be spelled {survey.default.after}.")
    if survey.unknown:
        reasons.append(f"How long everybody would be kept out is not known: {'; '.join(survey.unknown)}.")
    return " ".join(reasons) or None


def _hazards(subject: Subject, survey: _Survey) -> Iterator[Hazard]:
    yield Hazard.ACCESS_EXCLUSIVE_LOCK
    if subject.cast.needs_rewrite:
        yield Hazard.TABLE_REWRITE
        yield Hazard.NOT_MVCC_SAFE
    if not subject.cast.always_exact:
        yield Hazard.FULL_SCAN
    yield Hazard.RESULT_TYPE_CHANGES
    if subject.cast.changes_order:
        yield Hazard.ORDER_CHANGES
    if survey.cast_class is CastClass.CANONICAL:
        yield Hazard.SPELLING_CHANGES
    if survey.dependents.recreated:
        yield Hazard.DEPENDENTS_RECREATED
    if survey.unknown:
        yield Hazard.UNKNOWN_DURATION


def _notes(subject: Subject) -> Iterator[str]:
    if subject.cast.needs_rewrite or subject.cast.back.needs_rewrite:
        yield (
            f"Whoever has an older snapshot (REPEATABLE READ, SERIALIZABLE, pg_dump) would read {subject.table_name} as"
            " empty afterwards: the type changes, and changes back, only while nobody in this database has one."
            " Transactions on a standby cannot be seen from here."
        )


def _more_notes(change: _Change) -> Iterator[str]:
    if change.replanning.note:
        yield change.replanning.note
    if change.backup:
        yield change.backup.note


def _listed(reasons: tuple[str, ...]) -> str:
    more = len(reasons) - _MOST_REASONS
    return "\n".join([*reasons[:_MOST_REASONS], *([f"and {more} more"] if more > 0 else [])])
