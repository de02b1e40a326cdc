"""When pgmend acts alone, and the line that failed where it does not.

The lines are the design's "When it acts alone", those first that say most to a person; the first that fails is what
`why_not_auto` says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..catalog.change import Change
from ..fixes.plan import CastClass, Hazard, Plan, Verdict
from ..fixes.queue.memory import Memory
from ..fixes.rehearsal.rehearsal import is_rehearsed
from ..issue import Issue, Severity
from ..judging.expectation import is_expected
from ..remedy import AddForeignKey, ChangeColumnType, CreateIndex, DropIndex
from ..settings import AutoFix

WATCHED_BEFORE_FOREIGN_KEY = timedelta(hours=24)
QUARANTINE = timedelta(hours=24)
MOST_FAILURES = 3
PROVED_AGAIN_AFTER = timedelta(minutes=5)
# A rehearsal makes a database, and what the application runs changes with its next release.
REHEARSED_AGAIN_AFTER = timedelta(hours=1)
PLANNED_AGAIN_AFTER = timedelta(hours=1)
# What a plan waits for is another fix, as a rule one that is on its way.
WAITED_AGAIN_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known when one plan is weighed, besides the plan itself.

    `changes` are those of the plan's tables, newest first. `opened_at` is when the issue was opened, `now` the
    server's clock. `intended` says that the change was meant (a migration, a session's own word), or may have been.
    `settings_forbid` is why they do not let such an issue be fixed alone.
    `memory` is what became of the same fix before.
    `trusts_rehearsals` says that what a rehearsal proves needs no person to look at it.
    """

    now: datetime
    opened_at: datetime
    allowed: AutoFix
    retry_after: timedelta
    observing: str | None
    changes: Sequence[Change]
    intended: str | None = None
    settings_forbid: str | None = None
    memory: Memory = field(default_factory=Memory)
    trusts_rehearsals: bool = False


@dataclass(frozen=True, slots=True)
class Objection:
    """Why pgmend does not act alone. `until` is when that may be over by itself; None: time alone changes nothing."""

    reason: str
    until: datetime | None = None


Line = Callable[[Issue, Plan, Circumstances], str | Objection | None]


def why_not_alone(issue: Issue, plan: Plan, circumstances: Circumstances) -> Objection | None:
    """The first line that does not hold; None where pgmend may act alone."""
    for line in _LINES:
        objection = line(issue, plan, circumstances)
        if objection is not None:
            return Objection(objection) if isinstance(objection, str) else objection
    return None


def settled(last_ddl: datetime | None, now: datetime, settle_time: timedelta) -> bool:
    """Whether the affected set has been quiet long enough."""
    return last_ddl is None or now - last_ddl >= settle_time


def _feasible(_: Issue, plan: Plan, circumstances: Circumstances) -> Objection | None:
    reason = f"no plan is possible: {plan.refusal}" if plan.refusal else f"the plan waits for {plan.waits_for}"
    if plan.refusal or plan.waits_for:
        # Often it is rows that stand in the way, or how many there are.
        again = PLANNED_AGAIN_AFTER if plan.refusal else WAITED_AGAIN_AFTER
        return Objection(reason, circumstances.now + again)
    return None


def _same_database(_: Issue, __: Plan, circumstances: Circumstances) -> str | None:
    return circumstances.observing


def _believed(issue: Issue, _: Plan, __: Circumstances) -> str | None:
    return issue.doubt


def _let_by_settings(_: Issue, __: Plan, circumstances: Circumstances) -> str | None:
    return circumstances.settings_forbid


def _covered(issue: Issue, _: Plan, circumstances: Circumstances) -> str | None:
    match circumstances.allowed:
        case AutoFix.ALL:
            return None
        case AutoFix.CRITICAL if issue.severity is Severity.CRITICAL:
            return None
        case AutoFix.CRITICAL:
            return f"auto_fix is critical and this is {issue.severity.value}"
        case AutoFix.NONE:
            return "automatic fixing is off"


def _not_backlog(issue: Issue, _: Plan, circumstances: Circumstances) -> str | None:
    if issue.backlog:
        return "it was there when pgmend was installed: the backlog is healed by one approval"
    # Of what is in no table (a sequence, a type) only the event tells.
    if not circumstances.changes and not (is_expected(issue) and issue.event_id):
        return "no schema change that pgmend saw opened it"
    return None


def _not_intended(_: Issue, __: Plan, circumstances: Circumstances) -> str | None:
    return circumstances.intended


def _undoes_no_drop(issue: Issue, plan: Plan, __: Circumstances) -> str | None:
    if not plan.undoes_drop or is_expected(issue):
        return None  # an expected schema that only reports is doubted before this
    return "somebody dropped it on purpose, and no expected schema says that it must be there"


def _plan_allows(_: Issue, plan: Plan, __: Circumstances) -> str | None:
    return plan.needs_approval


def _drops_nothing(_: Issue, plan: Plan, __: Circumstances) -> str | None:
    if isinstance(plan.remedy, DropIndex) or Hazard.DATA_LOSS in plan.hazards:
        return "it drops something: that takes an approval"
    return None


def _cast_exact(_: Issue, plan: Plan, __: Circumstances) -> str | None:
    if plan.cast_class in (None, CastClass.EXACT):
        return None
    return f"the cast is {plan.cast_class.value}, not exact"


def _restored_or_proved(_: Issue, plan: Plan, circumstances: Circumstances) -> str | None:
    if plan.restores:
        return None
    if is_rehearsed(plan) and circumstances.trusts_rehearsals:
        return None  # rehearsed once it has settled, and queued only if all is proved
    if isinstance(plan.remedy, ChangeColumnType):
        return "it is no restore, and what the application's statements make of the new type is unproved"
    if isinstance(plan.remedy, CreateIndex) and not plan.proofs:
        return "it is no restore, and nothing proves that the application's writes can bear a new index"
    return None


def _checks_hold(_: Issue, plan: Plan, circumstances: Circumstances) -> Objection | None:
    for proof in plan.proofs:
        if proof.verdict is not Verdict.PROVED and not proof.forecast:
            # Rows and locks come and go without any DDL.
            return Objection(
                f"{proof.name}: {proof.verdict.value} ({proof.figures})", circumstances.now + PROVED_AGAIN_AFTER
            )
    return None


def _foreign_key_watched(issue: Issue, plan: Plan, circumstances: Circumstances) -> str | Objection | None:
    if not isinstance(plan.remedy, AddForeignKey) or is_expected(issue):
        return None
    if not any(evidence.kind == "siblings" for evidence in issue.evidence):
        return "an inferred foreign key needs a sibling foreign key or a declaration"
    if any(evidence.kind == "other_siblings" for evidence in issue.evidence):
        return "foreign keys on columns of the same name refer to different keys"
    over = circumstances.opened_at + WATCHED_BEFORE_FOREIGN_KEY
    if circumstances.now < over:
        watched = circumstances.now - circumstances.opened_at
        hours = watched.total_seconds() / 3600
        return Objection(f"an inferred foreign key is watched for 24 hours of writes; {hours:.1f} h so far", over)
    return None


def _not_tried(_: Issue, __: Plan, circumstances: Circumstances) -> Objection | None:
    memory = circumstances.memory
    if memory.failures >= MOST_FAILURES:
        return Objection(
            f"the same fix failed {memory.failures} times: it waits for a person"
            " (approve it, or pgmend.lift_quarantine(issue_id))"
        )
    failure = memory.last_failure
    if failure is not None and circumstances.now - failure < circumstances.retry_after:
        return Objection(
            f"the same fix failed at {failure:%H:%M:%S} UTC and is not tried again within {circumstances.retry_after}",
            failure + circumstances.retry_after,
        )
    return None


def _not_our_doing(_: Issue, __: Plan, circumstances: Circumstances) -> str | None:
    if circumstances.memory.own_fix is None:
        return None
    return f"fix {circumstances.memory.own_fix} of pgmend brought it about, and no fix of ours causes another alone"


def _not_quarantined(_: Issue, plan: Plan, circumstances: Circumstances) -> str | Objection | None:
    memory = circumstances.memory
    if memory.undone is not None:
        return (
            f"quarantine: a fix of ours on this object was reverted: {memory.undone}."
            " Cure: approve it, or pgmend.lift_quarantine(issue_id)"
        )
    commands: dict[object, datetime] = {}
    for change in circumstances.changes:
        if change.fix_id or change.seen_at is None or circumstances.now - change.seen_at >= QUARANTINE:
            continue
        if memory.said_at is not None and change.seen_at <= memory.said_at:
            continue
        if plan.remedy.was_moved_by(change, circumstances.changes):
            # Where no trigger told of the commands, what one look saw counts as one.
            commands[change.event_id or change.seen_at] = change.seen_at
    if len(commands) > 1:
        second = sorted(commands.values(), reverse=True)[1]
        return Objection(
            f"quarantine: the same object was changed {len(commands)} times within 24 hours", second + QUARANTINE
        )
    return None


_LINES: tuple[Line, ...] = (
    _feasible,
    _same_database,
    _believed,
    _let_by_settings,
    _covered,
    _not_backlog,
    _not_intended,
    _not_our_doing,
    _not_quarantined,
    _undoes_no_drop,
    _plan_allows,
    _drops_nothing,
    _cast_exact,
    _restored_or_proved,
    _checks_hold,
    _foreign_key_watched,
    _not_tried,
)
