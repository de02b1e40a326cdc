"""Renames followed in the code by the listener itself: where `code_autofix` says so, in a working copy of Git."""

from __future__ import annotations

import time
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from typing import Final

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..check import set_apart
from ..errors import CodeStays, CouldNotLook, PgmendError
from ..ignore_file import IgnoreFile
from ..issue import Issue
from ..settings import Settings
from ..source.analysis import Analysis, analyze
from ..source.extracted import Extraction
from ..source.extraction import extract
from ..source.folder import find_files
from ..source.remarks import Remarks
from ..source.rewriting.applying import Applied, apply, recover
from ..source.rewriting.mended import Mendings
from ..source.rewriting.menders import SUREST, folder_of, mend
from ..source.rewriting.record import Records
from ..source.rewriting.worktree import top_of
from ..store.code_fixes import write_applied
from ..store.ignored import read_ignored

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
    """Mends the code at `root`. What failed is not tried again within `retry_after`, and what was written there once
    never: who put the old text back, by whatever means, wants it."""

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
        except (CouldNotLook, psycopg.OperationalError):
            raise
        except (PgmendError, OSError, psycopg.Error, ValueError) as error:
            self._failed[names] = time.monotonic()
            log.warning("code stays as it is", code=str(self._root), reason=str(error).strip())
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
            await self._wanted(connection, analysis, found, records),
            self._root,
            read=lambda: extract(self._root, self._settings.code_exclude),
            settings=self._settings,
            records=records,
        )
        if applied is not None:
            await self._tell(connection, applied)

    async def _wanted(
        self, connection: AsyncConnection[TupleRow], analysis: Analysis, found: Mendings, records: Records
    ) -> Mendings:
        """What nobody ignores, and nobody took back; raises CodeStays where that leaves nothing."""
        folder = folder_of(self._root)
        issues, written = records.known(folder)
        # Beside whom the listener was started, as for what it tells.
        ignore_file, here = IgnoreFile.read(Path.cwd()), await read_ignored(connection)
        remarks = Remarks.of(find_files(self._root, self._settings.code_exclude))
        calls = analysis.calls
        matter, _ = set_apart(
            [each for each in analysis.issues if remarks.about(each, calls.get(each.issue_id)) is None],
            ignore_file,
            here,
        )
        ignored = {each.issue_id for each in analysis.issues} - {each.issue_id for each in matter}
        told = found.without(ignored)
        left = told.without(issues, {path for path in found.files if folder.resolve() / path in written})
        if told.ready and not left.ready:
            where = ", ".join(sorted(told.edits()))
            raise CodeStays(
                f"{where}: it was mended once, and put back. Cure: `pgmend analyze --write`, if that was not meant."
            )
        return left

    async def _tell(self, connection: AsyncConnection[TupleRow], applied: Applied) -> None:
        record = applied.record
        files = [each.path for each in record.files]
        log.info("code was mended", fix=record.fix_id, files=files, backups=str(applied.backups))
        try:
            await write_applied(connection, record.fix_id, record.summary, applied.issues, files, automatic=True)
        except psycopg.OperationalError:
            raise
        except (PgmendError, psycopg.Error, ValueError) as error:
            log.warning("the database keeps no history of it", fix=record.fix_id, reason=str(error).strip())

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
