"""The plan of an online change: there, and back with what was written since; or why it may not be."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...errors import PlanRefused
from ..dependents import Dependents, Subject
from ..dependents.strange_code import strange_code
from ..names import first_free, free_relation_name, index_stem
from ..plan import Check, Hazard, Plan
from ..retyping.casts import Cast
from ..retyping.column_change import ColumnChange
from ..retyping.retyped_default import RetypedDefault
from ..site import Site
from .backfill import may_be_replica, refuse_where_noticed
from .carried import Carried, read_carried
from .heirs import Heir, read_heirs
from .shadow import shadow_of
from .way import Way

_COMES_LAST = (
    "The column comes last in its table: INSERT without a list of columns, COPY without one and SELECT * see another"
    " order, and one column more while the change is under way."
)
# What these are as text is up to DateStyle, TimeZone and extra_float_digits of whoever writes.
_OF_SETTINGS = frozenset({"float", "date", "timestamp", "timestamptz"})
_HAZARDS = (Hazard.ACCESS_EXCLUSIVE_LOCK, Hazard.FULL_SCAN, Hazard.INDEX_BUILD, Hazard.COLUMN_ORDER)


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known of the column by now."""

    subject: Subject
    dependents: Dependents
    default: RetypedDefault
    change: ColumnChange


async def online(
    plan: Plan, site: Site, ground: Ground, checks: tuple[Check, ...], inverse_checks: tuple[Check, ...]
) -> Plan:
    """The plan with the steps of the online change; raises PlanRefused with the reason why there can be none.

    The checks look at values, and are asked before anything is done.
    """
    subject = ground.subject
    _refuse(ground)
    replica = await may_be_replica(site.connection)
    await refuse_where_noticed(site.connection, subject, as_replica=replica)
    if strange := await strange_code(site.connection, subject, whole_rows=True):
        raise PlanRefused(strange[0].refusal or "")
    carried = await read_carried(site.connection, subject)
    heirs = await read_heirs(site.connection, subject, carried)
    there, back = await _ways(site, ground, carried, heirs, replica)
    return replace(
        plan,
        summary=f"{plan.summary} while everybody writes",
        steps=(back.clear(), *there.steps()),
        inverse=(there.clear(), *back.steps()),
        checks=(*(replace(check, at_first=True) for check in checks), there.newcomers),
        inverse_checks=(*(replace(check, at_first=True) for check in inverse_checks), back.newcomers),
        needs_approval=" ".join(filter(None, (_COMES_LAST, plan.needs_approval))),
        hazards=tuple(dict.fromkeys((*_HAZARDS, *(each for each in plan.hazards if each in _KEPT)))),
        makes=tuple(dict.fromkeys((*there.makes, *back.makes))),
        adds=(*there.adds, *back.adds),
        estimate_ms=None,
        notes=(*ground.dependents.notes, *_notes(heirs)),
    )


async def _ways(
    site: Site, ground: Ground, carried: Carried, heirs: tuple[Heir, ...], replica: bool
) -> tuple[Way, Way]:
    subject, dependents, change = ground.subject, ground.dependents, ground.change
    table, column = subject.table, subject.column.name
    turned = replace(subject, cast=subject.cast.back)
    uncast = await free_relation_name(site.connection, table.schema, index_stem(table, (column,)), "_pgmend_uncast")
    filled = first_free(column, "_pgmend_filled", {constraint.name for constraint in table.constraints})
    new, old = shadow_of(subject, change, "new", uncast), shadow_of(turned, change, "old", uncast)
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
        default=ground.default.after,
        filled=filled,
        as_replica=replica,
        server_version=site.connection.info.server_version,
        known=known,
        back=False,
    )
    back = replace(
        there,
        shadow=old,
        carried=replace(carried, subject=turned),
        heirs=tuple(replace(heir, subject=turned) for heir in heirs),
        collation=change.collation_before,
        default=ground.default.before,
        back=True,
    )
    return there, back


_KEPT = (Hazard.RESULT_TYPE_CHANGES, Hazard.ORDER_CHANGES, Hazard.DEPENDENTS_RECREATED)


def _refuse(ground: Ground) -> None:
    subject = ground.subject
    if any(each.described == "publications" for each in ground.dependents.found):
        raise PlanRefused(
            f"{subject.table_name} is published: subscribers would be sent a column that they do not have. This is not"
            " changed online."
        )
    if _is_up_to_settings(subject.cast):
        raise PlanRefused(
            f"How {subject.cast.source.spelled} and {subject.cast.target.spelled} are written as one another is up to"
            " the settings of each session that writes: this is not changed online."
        )


def _is_up_to_settings(cast: Cast) -> bool:
    families = {cast.source.family, cast.target.family}
    return "string" in families and bool(families & _OF_SETTINGS)


def _notes(heirs: tuple[Heir, ...]) -> tuple[str, ...]:
    unique = [heir.facts.name for heir in heirs if heir.unique]
    if not unique:
        return ()
    return (
        f"While {', '.join(unique)} stands twice, of two sessions that INSERT … ON CONFLICT the same new key at the"
        " same moment one may fail with unique_violation, as PostgreSQL lets them beside REINDEX CONCURRENTLY.",
    )
