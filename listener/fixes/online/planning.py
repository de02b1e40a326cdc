"""The plan of an online change: there, and back with what was written since; or why it may not be."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...errors import PlanRefused
from ..dependents import Dependents, Subject
from ..dependents.strange_code import strange_code
from ..names import first_free, free_relation_name, index_stem
from ..plan import Check, Hazard, Plan, Proof, Verdict
from ..retyping.casts import Cast
from ..retyping.column_change import ColumnChange
from ..retyping.replanning import Replanning
from ..retyping.retyped_default import RetypedDefault
from ..site import Site
from .backfill import may_be_replica, refuse_where_in_the_way
from .carried import Carried, read_carried
from .heirs import Heir, read_heirs
from .onlookers import onlookers
from .shadow import Shadow, name_of, quoted
from .standing import Footing
from .trial import Trial
from .way import Way

_COMES_LAST = (
    "The column comes last in its table: INSERT without a list of columns, COPY without one and SELECT * see another"
    " order, and one column more while the change is under way."
)
# What these are as text is up to DateStyle, TimeZone and extra_float_digits of whoever writes.
_OF_SETTINGS = frozenset({"float", "date", "timestamp", "timestamptz"})
_HAZARDS = (
    Hazard.ACCESS_EXCLUSIVE_LOCK,
    Hazard.FULL_SCAN,
    Hazard.INDEX_BUILD,
    Hazard.COLUMN_ORDER,
    Hazard.SERIALIZATION_FAILURES,
)
_SERIALIZATION = (
    "Who writes under REPEATABLE READ or SERIALIZABLE a row that is filled at that moment gets a serialization failure"
    " (40001), as beside any UPDATE, and has to try again. READ COMMITTED gets none."
)
_ROOM = """
select pg_catalog.pg_size_pretty(pg_catalog.pg_table_size(%s::oid) + coalesce((select pg_catalog.sum(
  pg_catalog.pg_relation_size(i::pg_catalog.regclass)) from pg_catalog.unnest(%s::text[]) as i), 0))
"""


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known of the column by now. `seen` says that all its rows were looked at."""

    subject: Subject
    dependents: Dependents
    default: RetypedDefault
    change: ColumnChange
    replanning: Replanning
    seen: bool


async def online(
    plan: Plan, site: Site, ground: Ground, checks: tuple[Check, ...], inverse_checks: tuple[Check, ...]
) -> Plan:
    """The plan with the steps of the online change; raises PlanRefused with the reason why there can be none.

    The checks look at values, and are asked before anything is done.
    """
    subject = ground.subject
    _refuse(ground)
    if strange := await strange_code(site.connection, subject, whole_rows=True):
        raise PlanRefused(strange[0].refusal or "")
    noticed = await onlookers(site.connection, subject)
    carried = await read_carried(site.connection, subject)
    heirs = await read_heirs(site.connection, subject, carried)
    if carried.primary_key is not None and not subject.cast.always_exact:
        raise PlanRefused(
            f"Primary key {carried.primary_key.name} takes no NULL, so that a key without its like in"
            f" {subject.cast.target.spelled} would fail who writes it: this is not changed online."
        )
    there, back = await _ways(site, ground, carried, heirs)
    await refuse_where_in_the_way(site.connection, there.shadow)
    hazards = (
        *_HAZARDS,
        *([Hazard.ROWS_SEEN_WIDER] if noticed else []),
        *(each for each in plan.hazards if each in _KEPT),
    )
    return replace(
        plan,
        summary=f"{plan.summary} while everybody writes",
        steps=(*back.clear(), *there.steps()),
        inverse=(*there.clear(), *back.steps()),
        checks=(*(replace(check, at_first=True) for check in checks), there.newcomers),
        inverse_checks=(*(replace(check, at_first=True) for check in inverse_checks), back.newcomers),
        needs_approval=" ".join(filter(None, (_COMES_LAST, plan.needs_approval))),
        hazards=tuple(dict.fromkeys(hazards)),
        makes=tuple(dict.fromkeys((*there.makes, *back.makes))),
        adds=(*there.adds, *back.adds),
        estimate_ms=None,
        notes=(*ground.dependents.notes, *noticed, *_notes(ground, carried, heirs)),
        proofs=(*plan.proofs, *([] if ground.seen else [_unseen(subject)]), await _room(site, subject, heirs)),
    )


async def _room(site: Site, subject: Subject, heirs: tuple[Heir, ...]) -> Proof:
    """What it needs of the disk at most; what there is no query tells."""
    indexes = [f"{quoted(heir.facts.schema)}.{quoted(heir.facts.name)}" for heir in heirs]
    row = await (await site.connection.execute(_ROOM, (subject.table.oid, indexes))).fetchone()
    assert row is not None
    return Proof(
        "there is room for a second version of each row",
        Verdict.UNPROVED,
        f"up to {row[0]} more on the disk until VACUUM and the swap, and as much again in WAL; what is free cannot be"
        " asked in SQL",
        alone=True,
    )


def _unseen(subject: Subject) -> Proof:
    """Rows that nobody has looked at are no proof; the change itself looks at each, and ends before the swap."""
    return Proof(
        f"every value has its like in {subject.cast.target.spelled}",
        Verdict.UNPROVED,
        "the table is too large to look at every row first; the change looks at each, and is taken back where one has"
        " none",
        alone=True,
    )


async def _ways(site: Site, ground: Ground, carried: Carried, heirs: tuple[Heir, ...]) -> tuple[Way, Way]:
    subject, dependents, change = ground.subject, ground.dependents, ground.change
    table, column = subject.table, subject.column
    turned = replace(subject, cast=subject.cast.back)
    replica = await may_be_replica(site.connection)
    version = site.connection.info.server_version
    trial = Trial(
        column.name,
        tuple(each.expression for each in carried.checks if each.expression and each.enforced),
        tuple(each for heir in heirs for each in heir.computed),
    )
    shadows: list[Shadow] = []
    for each, suffix in ((subject, "new"), (turned, "old")):
        ending = f"_pgmend_uncast_{suffix}"
        name = index_stem(table, (column.name,), ending)
        uncast = await free_relation_name(site.connection, table.schema, name, ending)
        name, stem = name_of(each, suffix), f"{column.number}_{suffix}"
        footing = Footing(each, replica, version)
        shadows.append(Shadow(each, change, footing, name, stem, uncast, column.number, each is turned, trial))
    new, old = shadows
    constrained = {constraint.name for constraint in table.constraints}
    known = frozenset(
        {each.described for each in dependents.found}
        | {f"trigger {name} on {table.qualified_name}" for name in (*new.triggers, *old.triggers)}
    )
    there = Way(
        shadow=new,
        dependents=dependents,
        carried=carried,
        heirs=heirs,
        collation=change.collation_after,
        default=ground.default,
        filled=first_free(column.name, "_pgmend_filled_new", constrained),
        known=known,
        replan=ground.replanning.statements,
        back=False,
    )
    back = replace(
        there,
        shadow=old,
        carried=replace(carried, subject=turned),
        heirs=tuple(replace(heir, subject=turned, interim=heir.interim_back) for heir in heirs),
        collation=change.collation_before,
        filled=first_free(column.name, "_pgmend_filled_old", constrained),
        back=True,
    )
    return there, back


_KEPT = (Hazard.RESULT_TYPE_CHANGES, Hazard.ORDER_CHANGES, Hazard.DEPENDENTS_RECREATED, Hazard.STALE_PLANS)


def _refuse(ground: Ground) -> None:
    subject = ground.subject
    if _is_up_to_settings(subject.cast):
        raise PlanRefused(
            f"How {subject.cast.source.spelled} and {subject.cast.target.spelled} are written as one another is up to"
            " the settings of each session that writes: this is not changed online."
        )


def _is_up_to_settings(cast: Cast) -> bool:
    families = {cast.source.family, cast.target.family}
    return "string" in families and bool(families & _OF_SETTINGS)


def _notes(ground: Ground, carried: Carried, heirs: tuple[Heir, ...]) -> list[str]:
    subject = ground.subject
    again = ground.replanning.note
    notes = [_SERIALIZATION, *([again] if again else [])]
    unique = [heir.facts.name for heir in heirs if heir.unique]
    if unique:
        notes.append(
            f"While {', '.join(unique)} stands twice, of two sessions that INSERT … ON CONFLICT the same new key at the"
            " same moment one may fail with unique_violation, as PostgreSQL lets them beside REINDEX CONCURRENTLY."
        )
    if carried.primary_key is not None:
        key = carried.primary_key.name
        notes.append(
            f"{key} takes no NULL: right before the swap a CHECK says so of the new column. While it stands, who has"
            " disabled pgmend's triggers cannot insert."
        )
        if not subject.cast.back.always_exact:
            notes.append(
                f"While an undo validates that CHECK, a new key that {subject.cast.source.spelled} has no place for"
                " cannot be inserted (23514)."
            )
    return notes
