"""`pgmend.policy`: the one row that says how much pgmend may do alone, and whether it is stopped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row

from ..settings import AutoFix

# Python has no date for 'infinity' or the year 10000, and both mean: until somebody resumes.
_READ = """
select auto_fix, automatic, paused and coalesce(paused_until > clock_timestamp(), true) as paused, pause_reason,
  case when paused_until < '9999-12-31' then paused_until end as paused_until, paused_by
from pgmend.policy
"""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the database says; of this, the settings and the flags the strictest wins."""

    auto_fix: str
    automatic: bool
    paused: bool
    pause_reason: str | None
    paused_until: datetime | None
    paused_by: str | None

    def allows(self, *others: AutoFix) -> AutoFix:
        """What may be fixed alone when settings and flags say `others`."""
        return AutoFix.strictest(AutoFix(self.auto_fix) if self.automatic else AutoFix.NONE, *others)


async def read_policy(connection: AsyncConnection[TupleRow]) -> Policy:
    """The policy in force now, on the server's clock."""
    async with connection.cursor(row_factory=class_row(Policy)) as cursor:
        await cursor.execute(_READ)
        policy = await cursor.fetchone()
    if policy is None:
        raise LookupError("pgmend.policy has no row; run `pgmend install` again")
    return policy
