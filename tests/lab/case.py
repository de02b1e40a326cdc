"""One case: faults made, healed, compared, rolled back, compared, and healed again."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import unified_diff
from enum import StrEnum

from .content import lost_or_changed
from .healing import Healing, Seen, telling_of
from .injector import Fault, Injector
from .subject import State, Subject
from .untouched import is_untouched


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
    that could have been rolled back, or not all that was could be (`rollback_refused`). `differences` are lines of the
    two dumps, of what was healed and what was rolled back; `left_again` is why not all was healed a second time.
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
    differences: tuple[str, ...] = ()
    left_again: tuple[str, ...] = ()
    healed_again: bool | None = None
    beside: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Case:
    """What is done: how many faults, and whether in one transaction."""

    number: int
    faults: int
    together: bool


@dataclass(frozen=True, slots=True)
class Course:
    """The states that a case went through, and what pgmend said. `scanned`: issues that only a full scan opened.

    `undoable` has an entry for each fix that was applied; `rolled_back` is None where not all of it could be undone.
    """

    case: Case
    sound: State
    broken: State
    healed: State
    issues: tuple[Seen, ...]
    scanned: frozenset[str]
    undoable: tuple[bool, ...]
    rolled_back: State | None
    refused: tuple[str, ...]
    left_again: tuple[str, ...]
    again: State | None

    @property
    def untouched(self) -> bool:
        return self.healed == self.broken

    def touched(self, fault: Fault) -> bool:
        """Whether what it broke is neither as it was nor as it left it. Where no fix was applied nobody else's mending
        explains anything."""
        if not self.undoable:
            return not self.untouched
        return not is_untouched(fault, self.sound, self.broken, self.healed)


async def run_case(case: Case, subject: Subject, dsn: str, injector: Injector, healing: Healing) -> list[Fate]:
    """The fates of the faults that were made; none where nothing could be broken so, or nothing changed by it."""
    async with healing.paused():
        await healing.begin()
        faults = await injector.strike(case.faults, together=case.together)
        broken = await subject.state_of(dsn)
    if not faults or broken.dump == subject.sound.dump:
        return []
    issues = await healing.settle()
    by_event = {each.issue_id for each in issues}
    if not all(telling_of(issues, fault) for fault in faults):
        await healing.scan()
        issues = await healing.settle()
    healed = await subject.state_of(dsn)
    undoable = await healing.undoable()
    refused = await healing.roll_back() if any(undoable) else []
    rolled_back = await subject.state_of(dsn) if undoable and all(undoable) and not refused else None
    opened_again = await healing.settle() if any(undoable) else []
    course = Course(
        case=case,
        sound=subject.sound,
        broken=broken,
        healed=healed,
        issues=tuple(issues),
        scanned=frozenset(each.issue_id for each in issues) - by_event,
        undoable=undoable,
        rolled_back=rolled_back,
        refused=tuple(refused),
        left_again=tuple(_why_left(each) for each in opened_again if not each.resolved),
        again=await subject.state_of(dsn) if undoable else None,
    )
    mended = frozenset(fault for fault in faults if _is_mended(telling_of(issues, fault)))
    return [fate_of(fault, subject.name, course, mended, len(faults)) for fault in faults]


def fate_of(fault: Fault, schema: str, course: Course, mended: frozenset[Fault], faults: int) -> Fate:
    """What became of one of so many faults, of which `mended` were."""
    telling = telling_of(course.issues, fault)
    sound = course.healed == course.sound
    # What differs has another fault of the same case to answer for.
    blameless = fault in mended and len(mended) < faults
    return Fate(
        fault=fault,
        schema=schema,
        case=course.case.number,
        together=course.case.together,
        outcome=_outcome(telling, healed=sound or blameless, touched=course.touched(fault)),
        noticed_by=tuple(sorted({each.issue_type for each in telling})),
        seconds=_seconds(fault, telling),
        by_scan=bool(telling) and course.scanned.issuperset(each.issue_id for each in telling),
        automatic=bool(telling) and all(each.automatic for each in telling),
        reasons=() if sound else tuple(sorted({_why_left(each) for each in telling if not each.mended})),
        dump_equal=course.healed.dump == course.sound.dump,
        rows_equal=course.healed.content == course.sound.content,
        rows_lost=_rows_lost(course),
        untouched=course.untouched,
        rollback_equal=None if course.rolled_back is None else course.rolled_back == course.broken,
        rollback_refused=course.refused,
        differences=_differences(course),
        left_again=course.left_again,
        healed_again=None if course.again is None else course.again == course.sound,
        beside=tuple(sorted({each.issue_type for each in course.issues if each not in telling})),
    )


def _rows_lost(course: Course) -> int:
    """Rows that are neither what they were nor, where a table or column still has another name, as the fault left
    them."""
    sound, broken, healed = course.sound.content, course.broken.content, course.healed.content
    if course.healed.dump == course.sound.dump:
        return lost_or_changed(sound, healed)
    return sum(rows.count for name, rows in sound.items() if healed.get(name) not in (rows, broken.get(name)))


def _differences(course: Course) -> tuple[str, ...]:
    """What differs between schemas that should be the same, as `diff` shows it; nothing where nobody touched one."""
    pairs: list[tuple[str, str]] = [] if course.untouched else [(course.sound.dump, course.healed.dump)]
    if course.rolled_back is not None:
        pairs.append((course.broken.dump, course.rolled_back.dump))
    lines = (line for before, after in pairs for line in unified_diff(before.splitlines(), after.splitlines(), n=0))
    return tuple(line for line in lines if not line.startswith(("---", "+++", "@@")))


def _is_mended(telling: list[Seen]) -> bool:
    return all(each.resolved for each in telling) and any(each.mended for each in telling)


def _outcome(telling: list[Seen], *, healed: bool, touched: bool) -> Outcome:
    """`touched`: something of it is neither as it was nor as the fault left it."""
    if not telling:
        return Outcome.UNNOTICED
    if healed:
        return Outcome.HEALED
    left = [each for each in telling if not each.resolved]
    return Outcome.REFUSED if left and not touched and all(each.objection for each in left) else Outcome.LEFT


def _seconds(fault: Fault, telling: list[Seen]) -> float | None:
    if not telling or fault.made_at is None:
        return None
    return (min(each.opened_at for each in telling) - fault.made_at).total_seconds()


def _why_left(each: Seen) -> str:
    if each.resolved:
        return "the issue was resolved though nothing was mended"
    return each.objection or f"{each.state or 'no fix'}: {each.reason or each.why_not_auto or 'nobody knows'}"
