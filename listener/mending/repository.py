"""The listener beside a repository: what `pgmend-ignore.toml` says is ignored in the database too."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..errors import SettingsError
from ..ignore_file import FILE_NAME, IgnoreEntry, IgnoreFile
from ..issue import Issue
from ..store.ignored import Ignoring, follow_file

Stamp = tuple[int, int] | None
log = structlog.get_logger()


class Repository:
    """The file in one folder, read again when it changes. While there is none, what it once said stays."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stamp: Stamp = None
        self._file: IgnoreFile | None = None
        self._covered: dict[str, tuple[Issue, IgnoreEntry | None]] = {}
        self._said: frozenset[Ignoring] | None = None

    async def follow(self, connection: AsyncConnection[TupleRow], issues: Iterable[Issue]) -> bool:
        """Ignore those of the issues that the file covers, and no others for its sake; whether it said anything new."""
        self._read()
        if self._file is None:
            return False
        said = frozenset(self._ignorings(self._file, issues))
        if said == self._said:
            return False
        await follow_file(connection, str(self._file.path), sorted(said, key=lambda each: each.issue_id))
        self._said = said
        return True

    def _read(self) -> None:
        stamp = self._stamp_now()
        if stamp is None or stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            file = IgnoreFile.read(self._folder)
        except SettingsError as error:
            log.warning("ignore file not read; what it said before holds", reason=str(error))
            return
        if file is not None:
            for complaint in file.complaints:
                log.warning("ignore file", file=str(file.path), complaint=complaint)
            self._file = file
            self._covered.clear()

    def _stamp_now(self) -> Stamp:
        try:
            found = (self._folder / FILE_NAME).stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size

    def _ignorings(self, file: IgnoreFile, issues: Iterable[Issue]) -> Iterable[Ignoring]:
        now = datetime.now(UTC)
        current = {issue.issue_id: issue for issue in issues}
        for identity in self._covered.keys() - current.keys():
            del self._covered[identity]
        for identity, issue in current.items():
            known = self._covered.get(identity)
            if known is None or known[0] is not issue:
                known = self._covered[identity] = issue, file.why_ignored(issue, now)
            if (entry := known[1]) is not None:
                yield Ignoring(identity, entry.reason, entry.owner, entry.until, entry.definition)
