"""One case: faults made, healed, compared, rolled back, compared, and healed again."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from .content import lost_or_changed
from .healing import Healing, Seen, telling_of
from .injector import Fault, Injector
from .subject import State, Subject


class Outcome(StrEnum):
    """What became of a fault."""

    HEALED = "healed"
    REFUSED = "refused"
    LEFT = "left"
    UNNOTICED = "unnoticed"


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one fault; the figures are those of its case where they are not the fault's own.

    `noticed_by` are issue types, `seconds` the time from the fault's commit to the first of them. `by_scan`: no event
    told of it, a full scan did. `reasons` say why it was not healed. `rollback_equal` is None where nothing was applied
    that could have been rolled back, or not all that was could be (`rollback_refused`).
    """

    fault: Fault
    schema: str
    case: int
    together: bool
    outcome: Outcome
    noticed_by: tuple[str, ...]
    seconds: float | None
    by_scan: bool
    automatic: bool
    reasons: tuple[str, ...]
    dump_equal: bool
    rows_equal: bool
    rows_lost: int
    untouched: bool
    rollback_equal: bool | None
    rollback_refused: tuple[str, ...] = ()
    healed_again: bool | None = None
    beside: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Case:
    """What is done: how many faults, and whether in one transaction."""

    number: int
    faults: int
    together: bool


async def run_case(case: Case, subject: Subject, dsn: str, injector: Injector, healing: Healing) -> list[Fate]:
    """The fates of the faults that were made; none where nothing could be broken so, or nothing changed by it."""
    await healing.begin()
    faults = await injector.strike(case.faults, together=case.together)
    broken = subject.state_of(dsn)
    if not faults or broken.dump == subject.sound.dump:
        return []
    issues = await healing.settle()
    by_event = {each.issue_id for each in issues}
    if not all(_telling(fault, issues) for fault in faults):
        await healing.scan()
        issues = await healing.settle()
    healed = subject.state_of(dsn)
    applied = await healing.applied()
    refused: list[str] = []
    rolled_back: State | None = None
    again: State | None = None
    if applied:
        refused = await healing.roll_back()
        rolled_back = subject.state_of(dsn)
        await healing.settle()
        again = subject.state_of(dsn)
    sound = healed == subject.sound
    unhealed = [fault for fault in faults if not _all_resolved(_telling(fault, issues))]
    return [
        Fate(
            fault=fault,
            schema=subject.name,
            case=case.number,
            together=case.together,
            outcome=_outcome(
                telling := _telling(fault, issues), healed=sound or bool(unhealed and fault not in unhealed)
            ),
            noticed_by=tuple(sorted({each.issue_type for each in telling})),
            seconds=_seconds(fault, telling),
            by_scan=bool(telling) and all(each.issue_id not in by_event for each in telling),
            automatic=bool(telling) and all(each.automatic for each in telling),
            reasons=tuple(sorted({_why_left(each) for each in telling if not each.resolved})),
            dump_equal=healed.dump == subject.sound.dump,
            rows_equal=healed.content == subject.sound.content,
            rows_lost=_rows_lost(subject.sound, healed, broken),
            untouched=healed == broken,
            rollback_equal=None if rolled_back is None or refused else rolled_back == broken,
            rollback_refused=tuple(refused),
            healed_again=None if again is None else again == subject.sound,
            beside=tuple(sorted({each.issue_type for each in issues if each not in telling})),
        )
        for fault in faults
    ]


def _rows_lost(sound: State, healed: State, broken: State) -> int:
    """Rows that are not what they were, those left aside that only lie under other names because of the fault."""
    return sum(
        rows.count
        for table, rows in sound.content.items()
        if healed.content.get(table) not in (rows, broken.content.get(table))
    ) + (lost_or_changed(sound.content, healed.content) if healed.dump == sound.dump else 0)


def _telling(fault: Fault, issues: list[Seen]) -> list[Seen]:
    return telling_of(issues, fault.kind.announced_by, fault.names, fault.relation_oid)


def _all_resolved(telling: list[Seen]) -> bool:
    return bool(telling) and all(each.resolved for each in telling)


def _outcome(telling: list[Seen], *, healed: bool) -> Outcome:
    """`healed`: the schema is as it was, or what differs has another fault of the same case to answer for."""
    if not telling:
        return Outcome.UNNOTICED
    if healed:
        return Outcome.HEALED
    left = [each for each in telling if not each.resolved]
    return Outcome.REFUSED if left and all(each.objection for each in left) else Outcome.LEFT


def _seconds(fault: Fault, telling: list[Seen]) -> float | None:
    if not telling or fault.made_at is None:
        return None
    return (min(each.opened_at for each in telling) - fault.made_at).total_seconds()


def _why_left(each: Seen) -> str:
    return each.objection or f"{each.state or 'no fix'}: {each.reason or each.why_not_auto or 'nobody knows'}"
