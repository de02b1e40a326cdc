"""What one event's statement locked, rewrote or read through, on a table of which size, and how to do it next time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self

from ..catalog.snapshot import AttributeNumber, Oid

KEPT: Final = timedelta(days=7)
"""How long an impact is told: what is past cannot be mended, and who looks once a week has seen it by then."""


class Lock(StrEnum):
    """The table locks that keep others waiting, weakest first."""

    SHARE_UPDATE_EXCLUSIVE = "SHARE UPDATE EXCLUSIVE"
    SHARE = "SHARE"
    SHARE_ROW_EXCLUSIVE = "SHARE ROW EXCLUSIVE"
    ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE"

    @classmethod
    def strongest(cls, locks: Iterable[Lock]) -> Lock:
        """The one that keeps out most."""
        return max(locks, key=list(cls).index, default=cls.SHARE_UPDATE_EXCLUSIVE)

    @property
    def harm(self) -> str:
        """Whom it keeps waiting."""
        if self is Lock.ACCESS_EXCLUSIVE:
            return "nobody could read or write it"
        return "nobody could write it" if self is not Lock.SHARE_UPDATE_EXCLUSIVE else "reads and writes went on"


class Doing(StrEnum):
    """What took the time while the lock was held. The value is what `pgmend.impact.doing` holds."""

    REWRITE = "rewrite"
    SCAN = "scan"
    BUILD = "build"
    DROP_INDEX = "drop_index"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Size:
    """A table's size when the event was heard, its partitions' included: bytes with TOAST, bytes of all indexes, and
    rows (None: nobody has counted them). `measured` is false where a lock left only the planner's estimate."""

    table_bytes: int
    index_bytes: int
    rows: int | None
    measured: bool = True


@dataclass(frozen=True, slots=True)
class Impact:
    """What an event did to one table.

    `subject` names what it made, changed or dropped, `columns` are the numbers of its columns. `what` is a verb phrase
    ("wrote … anew"), `because` how we know it. `took` is from when the client sent the statement to its end, waiting
    for locks included; `held` from there to the last other event of its transaction, so at least that long. `estimate`
    is how long the work under the lock takes by the size. `instead` are statements that come to the same and keep
    nobody waiting, in their order; `advice` is what else there is to say of that.
    """

    event_id: str
    table: Oid
    subject: str
    columns: tuple[AttributeNumber, ...]
    doing: Doing
    lock: Lock
    what: str
    because: str
    size: Size
    estimate: timedelta
    took: timedelta
    held: timedelta
    instead: tuple[str, ...]
    advice: str
    occurred_at: datetime
    command_tag: str
    role: str
    application: str | None
    statement: str | None


@dataclass(frozen=True, slots=True)
class Impacts:
    """The impacts of KEPT by table, newest first; `unheard` says why there may be others that nobody heard of."""

    by_table: Mapping[Oid, tuple[Impact, ...]] = field(default_factory=dict[Oid, tuple[Impact, ...]])
    unheard: str | None = None

    def heard(self, unheard: str | None) -> Self:
        """These, where that is why others may be missing."""
        return replace(self, unheard=unheard)

    def with_new(self, new: Iterable[Impact]) -> Self:
        """These and those."""
        by_table = dict(self.by_table)
        for impact in sorted(new, key=lambda each: each.occurred_at):
            by_table[impact.table] = (impact, *by_table.get(impact.table, ()))
        return type(self)(by_table, self.unheard)

    def since(self, moment: datetime) -> Self:
        """Those that are no older."""
        kept = {
            table: tuple(each for each in several if each.occurred_at >= moment)
            for table, several in self.by_table.items()
        }
        return type(self)({table: several for table, several in kept.items() if several}, self.unheard)


UNHEARD: Final = "Event triggers are not there or switched off: nobody hears what a statement locks and rewrites."
NOT_HEARD: Final = Impacts(
    unheard="What a statement locked and rewrote shows only while `pgmend start` listens to event triggers."
)
"""What somebody knows who has looked once."""
