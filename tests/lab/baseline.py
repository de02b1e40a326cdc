"""Where the baseline is locked: the one place that knows how pgmend is told what the schema should be."""

from __future__ import annotations

from enum import StrEnum

from tests.support.database import Database
from tests.support.process import Processes

_WRONG_USAGE = 2


class Baseline(StrEnum):
    """Against what the listener heals: a locked expected schema, or only what it saw before the fault."""

    LOCKED = "locked"
    SEEN = "seen"


async def best_baseline(pgmend: Processes) -> Baseline:
    """Locked, if this pgmend has a command for it."""
    asked = await pgmend.run("expect", "capture", "--help")
    return Baseline.SEEN if asked.code == _WRONG_USAGE else Baseline.LOCKED


async def lock_baseline(pgmend: Processes, database: Database, baseline: Baseline) -> None:
    """Say that the schema as it is now is the expected one; with SEEN, the listener's first look has to do."""
    if baseline is Baseline.LOCKED:
        captured = await pgmend.run("expect", "capture", "--lock", "--dsn", database.dsn)
        if captured.code:
            raise RuntimeError(f"the baseline was not locked: {captured.stderr}")
