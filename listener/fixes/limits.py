"""How long the fixer waits, runs and remembers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from ..settings import SEEN_FOR, Settings


@dataclass(frozen=True, slots=True)
class Kept:
    """How long a fix that was applied can be undone as its plan says, and how long its backups are kept."""

    undo: timedelta
    backups: timedelta


@dataclass(frozen=True, slots=True)
class Limits:
    """Every bound of the fixer; those of the settings under their names there.

    `lock_timeout` bounds the wait for all locks of one transactional step together, `critical_section` all that happens
    under them. That is twice `online_above`: a plan may be expected to need all of it on a machine that does nothing
    else, and where two share a core each takes twice as long. On a busier one a try may fail, and another one passes;
    a step that needs longer each time is refused. After `vain_tries` through the whole section it is enough in any
    case; `lock_attempts` and `lock_patience` bound the tries of one step whatever their reason.
    `build_time` bounds what runs without
    blocking writers (CONCURRENTLY, VALIDATE), `concurrent_patience` each of its waits for other sessions and
    `concurrent_attempts` its tries. A deferred undo is tried again after `undo_retry_after`.
    What runs so gives way to a session that waits for it: after `yield_after`, or after the lock timeout where others
    queue up behind that one. Where nobody could look who waits for `unwatched`, it gives way as well.
    `check_time` bounds one check of the preflight, `counter_examples` the rows that it shows. `statement_time` bounds
    what else the fixer asks, and `idle_in_transaction` how long the server bears with our silence in a transaction.
    A column is filled in transactions of about `batch_time`, and at most twice that; the first has `first_batch` pages.
    It waits while a standby or a replication slot is more than `most_wal_behind` bytes of WAL behind.
    `rollback_window` and `backup_retention` bound the undo, as `kept` says; a backup has at most `backup_max_size`
    bytes. Below `room_to_spare` bytes nobody asks how much room is free on the server's disk.
    What is known of statements is all there is once they were seen for as long as `statements_seen_for`.
    """

    lock_timeout: timedelta = timedelta(milliseconds=50)
    online_above: timedelta = timedelta(milliseconds=80)
    online_changes: bool = True
    retry_after: timedelta = timedelta(hours=1)
    critical_section: timedelta = timedelta(milliseconds=160)
    vain_tries: int = 6
    lock_attempts: int = 20
    lock_patience: timedelta = timedelta(seconds=10)
    build_time: timedelta = timedelta(hours=4)
    concurrent_patience: timedelta = timedelta(seconds=30)
    concurrent_attempts: int = 3
    yield_after: timedelta = timedelta(seconds=1)
    unwatched: timedelta = timedelta(seconds=5)
    check_time: timedelta = timedelta(seconds=60)
    counter_examples: int = 10
    statement_time: timedelta = timedelta(seconds=30)
    idle_in_transaction: timedelta = timedelta(seconds=2)
    undo_retry_after: timedelta = timedelta(minutes=1)
    batch_time: timedelta = timedelta(milliseconds=40)
    first_batch: int = 16
    most_wal_behind: int = 256 * 2**20
    rollback_window: timedelta = timedelta(days=7)
    backup_retention: timedelta = timedelta(days=30)
    backup_max_size: int = 1 << 30
    room_to_spare: int = 256 << 20
    statements_seen_for: timedelta = SEEN_FOR

    def kept(self, *, from_backup: bool) -> Kept:
        """How long an undo is kept that needs a backup, or that needs none.

        One that needs none is as short after a month as at once: only the longer of the two settings ends it. One that
        needs a backup is a rebuild from it once `rollback_window` is over; a backup never goes before that.
        """
        longer = max(self.rollback_window, self.backup_retention)
        return Kept(self.rollback_window if from_backup else longer, longer)


def limits_of(settings: Settings) -> Limits:
    """The fixer's bounds, those that can be set as they are set."""
    return Limits(
        lock_timeout=settings.lock_timeout,
        online_above=settings.online_above,
        online_changes=settings.online_changes,
        critical_section=2 * settings.online_above,
        retry_after=settings.retry_after,
        rollback_window=settings.rollback_window,
        backup_retention=settings.backup_retention,
        backup_max_size=settings.backup_max_size,
        statements_seen_for=settings.statements_seen_for,
    )
