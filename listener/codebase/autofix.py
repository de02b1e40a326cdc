"""Renames followed in the code by the listener itself: where `code_autofix` says so, in a working copy of Git."""

from __future__ import annotations

import time
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from typing import Final

import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..errors import CodeStays
from ..issue import Issue
from ..settings import Settings
from ..source.analysis import analyze
from ..source.extracted import Extraction
from ..source.extraction import extract
from ..source.rewriting.applying import apply, recover
from ..source.rewriting.menders import SUREST, folder_of, mend
from ..source.rewriting.record import Records
from ..source.rewriting.worktree import top_of
from ..store.code_fixes import write_applied

log = structlog.get_logger()
_OF_NAMES: Final = frozenset({"UNKNOWN_COLUMN", "UNKNOWN_TABLE", "INVALID_SQL"})
# As everything that pgmend does alone: not while it is paused, manual or observing, nor right after the DDL.
_MAY = """
select status.fixing = 'automatic', coalesce((
    select pg_catalog.max(change.seen_at) + %s - pg_catalog.clock_timestamp() from pgmend.change
    where change.kind in ('table_renamed', 'column_renamed')
  ), '0')
from pgmend.status
"""


class Autofix:
    """Mends the code at `root`. What failed is not tried again within `retry_after`, what somebody undid never."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self._root, self._settings = root, settings
        self._failed: dict[frozenset[str], float] = {}
        self._recovered = False

    async def mend(
        self, connection: AsyncConnection[TupleRow], extraction: Extraction, issues: Collection[Issue]
    ) -> timedelta | None:
        """Write what follows renames; or for how long to wait before it may. `connection` is that of the analysis."""
        if self._settings.code_autofix and self._takes_back():
            return None
        names = frozenset(each.issue_id for each in issues if each.issue_type in _OF_NAMES)
        if not self._settings.code_autofix or not names or self._has_failed(names):
            return None
        row = await (await connection.execute(_MAY, (self._settings.settle_time,))).fetchone()
        if row is None or not row[0]:
            return None
        if row[1] > timedelta():
            return row[1]
        try:
            await self._write(connection, extraction)
        except CodeStays as error:
            self._failed[names] = time.monotonic()
            log.warning("code stays as it is", code=str(self._root), reason=str(error))
        return None

    async def _write(self, connection: AsyncConnection[TupleRow], extraction: Extraction) -> None:
        if top_of(folder_of(self._root).resolve() / "any") is None:
            raise CodeStays(
                f"{self._root} is no working copy of Git. Cure: `git init` there, or leave out code_autofix."
            )
        analysis = await analyze(connection, extraction, self._settings)
        records = Records()
        found = await mend(connection, analysis, self._root, SUREST)
        applied = await apply(
            connection,
            analysis,
            found.without(records.undone(folder_of(self._root))),
            self._root,
            read=lambda: extract(self._root, self._settings.code_exclude),
            settings=self._settings,
            records=records,
        )
        if applied is None:
            return
        record = applied.record
        files = [each.path for each in record.files]
        log.info("code was mended", fix=record.fix_id, files=files, backups=str(applied.backups))
        await write_applied(connection, record.fix_id, record.summary, applied.issues, files, automatic=True)

    def _takes_back(self) -> bool:
        """Whether files are as they were before somebody died: then what was read of them is not of them any more.
        Asked once, for who dies takes this object along."""
        if self._recovered:
            return False
        self._recovered = True
        try:
            told = recover(self._root)
        except (CodeStays, OSError) as error:
            log.warning("nothing was put back", code=str(self._root), reason=str(error))
            return False
        for said in told:
            log.warning("code was put back", code=str(self._root), reason=said)
        return bool(told)

    def _has_failed(self, names: frozenset[str]) -> bool:
        at = self._failed.get(names)
        return at is not None and time.monotonic() - at < self._settings.retry_after.total_seconds()
