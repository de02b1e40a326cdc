"""Who is behind with reading what is written: a standby, or a replication slot that keeps it on the disk until then.

What a backfill writes is kept by each slot until its reader has it, and read late by each standby. How much room there
is on the disk no query tells; how far they are behind does.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from ...errors import FixDeferred
from .work import Work

_LOOK_SECONDS = 1.0
_WAIT_SECONDS = 0.5
# Of standbys only who may see statistics sees the place; of slots everybody.
_BEHIND = """
select pg_catalog.format('%%s is %%s behind', who, pg_catalog.pg_size_pretty(behind))
from (
  select pg_catalog.concat('standby ', r.application_name) as who,
    pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), r.replay_lsn) as behind
  from pg_catalog.pg_stat_replication r
  union all
  select pg_catalog.concat('replication slot ', s.slot_name),
    pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.restart_lsn)
  from pg_catalog.pg_replication_slots s where not s.temporary
) as reader
where behind > %s order by behind desc limit 5
"""


@dataclass(slots=True)
class Pressure:
    """Looks once in a while, and lets those who are behind come nearer."""

    work: Work
    _looked_at: float = field(default=float("-inf"))

    async def ease(self) -> None:
        """Return once nobody is too far behind; raises FixDeferred naming who stays so, and FixInterrupted."""
        if time.monotonic() - self._looked_at < _LOOK_SECONDS:
            return
        until = time.monotonic() + self.work.limits.lock_patience.total_seconds()
        while behind := await self._behind():
            if time.monotonic() > until:
                raise FixDeferred(
                    f"What is written now would be kept on the disk for readers who are behind: {'; '.join(behind)}."
                    " Cure: let them come near, or drop a slot that nobody reads."
                )
            await self.work.interruption.sleep(_WAIT_SECONDS)
        self._looked_at = time.monotonic()

    async def _behind(self) -> list[str]:
        most = self.work.limits.most_wal_behind
        rows = await (await self.work.session.connection.execute(_BEHIND, (most,))).fetchall()
        return [said for (said,) in rows]
