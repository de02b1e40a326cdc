"""A fix watched to its end, or to where nobody works on it."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

from ..listener.desk import Desk, ShownFix, Status
from ..listener.errors import FixDeferred

APPLIED_OR_NOT = frozenset({"applied", "refused", "failed", "deferred", "superseded", "rolled_back"})
UNDONE_OR_NOT = frozenset({"rolled_back", "applied", "failed", "refused"})
_AT_WORK = frozenset({"running", "rolling_back"})
_LOOK_SECONDS = 0.1
_STATUS_SECONDS = 1.0
# A listener that stands by takes over within ten seconds.
_LEADERLESS_SECONDS = 15.0
_SOON = timedelta(seconds=2)


async def watch(desk: Desk, fix_id: UUID, ends: frozenset[str] = APPLIED_OR_NOT) -> ShownFix:
    """The fix once it has come to one of `ends`; raises FixDeferred, with the reason and the cure, where it waits for
    somebody: fixing is paused, the leader only observes, nobody leads, or it is tried again later."""
    led_at = time.monotonic()
    look_at_status = 0.0
    while True:
        fix = (await desk.fix(fix_id)).fix
        if fix.state in ends:
            return fix
        if fix.next_attempt_at is not None and fix.next_attempt_at > datetime.now(UTC) + _SOON:
            raise FixDeferred(f"{fix.reason or 'Not now'}. {_stays(fix)}, to be tried again at {fix.next_attempt_at}.")
        if time.monotonic() >= look_at_status:
            status = await desk.status()
            look_at_status = time.monotonic() + _STATUS_SECONDS
            if status.leader is not None:
                led_at = time.monotonic()
            if not _is_worked_on(fix) and (why := held_up(status)) is not None:
                raise FixDeferred(f"{why[0]}. {_stays(fix)}: {why[1]}.")
            if time.monotonic() - led_at > _LEADERLESS_SECONDS:
                raise FixDeferred(f"No listener leads any more. {_stays(fix)} until one does: `pgmend start`.")
        await asyncio.sleep(_LOOK_SECONDS)


def held_up(status: Status) -> tuple[str, str] | None:
    """Why nothing is fixed now, and what ends that; None where somebody may work."""
    if status.fixing == "paused":
        until = f" until {status.paused_until}" if status.paused_until else ""
        return f"Fixing is paused{until} ({status.pause_reason})", "`pgmend resume` lets it go on"
    if status.fixing == "observing":
        return f"The listener only observes: {status.why_observing}", "it goes on once a listener may fix"
    return None


def _is_worked_on(fix: ShownFix) -> bool:
    """What a pause has interrupted keeps its state, and has a next attempt."""
    return fix.state in _AT_WORK and fix.next_attempt_at is None


def _stays(fix: ShownFix) -> str:
    what = "undo" if fix.state in {"rollback_requested", "rolling_back"} else "fix"
    how = {"rollback_requested": "requested", "rolling_back": "begun"}.get(fix.state, fix.state)
    return f"The {what} stays {how} in its row ({fix.fix_id})"
