"""What is worse than before: statements that take longer, transactions that fail, sessions that wait."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..fixes.execution.blockers import presentable
from ..relations.wording import count
from .load import Load, Timing

LEAST_CALLS: Final = 20
"""Below it a mean says nothing, before or after."""
LEAST_WAITS: Final = 3
"""Somebody waits for a lock now and then; at so many looks in a row it is no accident."""
_TIMES: Final = 2.0
_LEAST_MS: Final = 1.0
_LEAST_FAILURES: Final = 10
_MORE_FAILURES: Final = 0.05
_MOST_TOLD: Final = 5


def worse(before: Load, then: Load, now: Load, *, waits_seen: int = 0) -> tuple[str, ...]:
    """Each thing in words; `before` and `then` are from before and after the fix. At `waits_seen` looks in a row, with
    this one, sessions waited."""
    slower = [*_slower(before, then, now)]
    told = [said for _, said in sorted(slower, reverse=True)[:_MOST_TOLD]]
    if len(slower) > _MOST_TOLD:
        told.append(f"and {len(slower) - _MOST_TOLD} more statements take longer")
    waited = _waiting(now, waits_seen) if waits_seen >= LEAST_WAITS else ()
    return (*told, *_failing(before, then, now), *waited)


def waiting(then: Load, now: Load) -> bool:
    """Whether more sessions wait at this moment than when the fix was applied."""
    return now.waiting > then.waiting


def blindness(then: Load, now: Load) -> str | None:
    """Why nothing can be said of how long statements take; None where it can."""
    if unknown := then.unknown or now.unknown:
        return unknown
    if then.reset != now.reset:
        return "the statistics of pg_stat_statements were reset meanwhile"
    return None


def seen(before: Load, then: Load, now: Load) -> int:
    """How many statements ran often enough before and since to say something of them."""
    return sum(
        _since(then, key, each).calls >= LEAST_CALLS
        and key in before.statements
        and before.statements[key].calls >= LEAST_CALLS
        for key, each in now.statements.items()
    )


def _slower(before: Load, then: Load, now: Load) -> Iterator[tuple[float, str]]:
    if blindness(then, now) is not None:
        return
    for key, each in now.statements.items():
        since, was = _since(then, key, each), before.statements.get(key)
        if was is None or was.calls < LEAST_CALLS or since.calls < LEAST_CALLS:
            continue
        mean, mean_was = since.ms / since.calls, was.ms / was.calls
        if mean > _TIMES * mean_was and mean - mean_was > _LEAST_MS:
            said = presentable(now.texts.get(key)) or "a statement whose text is not to be shown"
            said = f"{said} takes {mean:.1f} ms, {mean_was:.1f} ms before"
            yield since.ms - since.calls * mean_was, said


def _since(then: Load, key: str, now: Timing) -> Timing:
    was = then.statements.get(key, Timing(0, 0.0))
    # One that was evicted meanwhile begins anew.
    return Timing(now.calls - was.calls, now.ms - was.ms) if now.calls >= was.calls else now


def _failing(before: Load, then: Load, now: Load) -> Iterator[str]:
    failed, committed = now.failed - then.failed, now.committed - then.committed
    share = failed / max(1, failed + committed)
    usual = before.failed / max(1, before.failed + before.committed)
    if failed >= _LEAST_FAILURES and share > usual + _MORE_FAILURES:
        yield (
            f"of all transactions in this database {share:.0%} were rolled back since ({failed:,} of"
            f" {failed + committed:,}), {usual:.0%} before"
        )
    # After a crash all begin anew.
    if (deadlocks := now.deadlocks - then.deadlocks) > 0:
        yield f"{count(deadlocks, 'deadlock')} in this database since"


def _waiting(now: Load, waits_seen: int) -> Iterator[str]:
    yield (
        f"{count(now.waiting, 'session')} waited for a lock on its tables for over a second, as at each of the last"
        f" {waits_seen} looks"
    )
