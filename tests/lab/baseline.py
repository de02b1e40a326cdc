"""Where the baseline is locked: the one place that knows how pgmend is told what the schema should be."""

from __future__ import annotations

from enum import StrEnum

from tests.support.database import Database
from tests.support.process import Processes


class Baseline(StrEnum):
    """Against what the listener heals: a locked expected schema, or only what it saw before the fault."""

    LOCKED = "locked"
    SEEN = "seen"


DEFAULT = Baseline.LOCKED

# The kinds of faults that a listener heals completely by what it saw before: with SEEN only they are to be healed.
HEALED_BY_SIGHT = frozenset({"drop foreign key", "leave index invalid"})


async def lock_baseline(pgmend: Processes, database: Database, baseline: Baseline) -> None:
    """Say that the schema as it is now is the expected one; with SEEN, the listener's first look has to do."""
    if baseline is Baseline.LOCKED:
        captured = await pgmend.run("expect", "capture", "--lock", "--dsn", database.dsn)
        if captured.code:
            raise RuntimeError(f"the baseline was not locked: {captured.stderr}")
