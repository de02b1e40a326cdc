"""Looks at a real database as the listener does: catalogs, counts, rules; and looks again."""

from __future__ import annotations

from datetime import timedelta

from pgmend.listener.catalog.read import read_snapshot
from pgmend.listener.counters.read import read_sequences, sequences_of
from pgmend.listener.issue import Issue
from pgmend.listener.judging.examiner import Examiner
from pgmend.listener.judging.judge import Judge, Judgement
from pgmend.listener.relations.measure import measure
from pgmend.listener.relations.reading.reader import CodeReader

from .database import Database

# Nobody has watched a test's database for a month.
NEEDS_WATCHING = frozenset({"UNUSED_INDEX", "UNSAFE_DDL"})


class Beholder:
    """One pair of eyes on a database; every table counts as critical."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._examiner: Examiner | None = None

    async def look(self) -> Judgement:
        """Everything, counted where that decides; what changed since the last look is remembered."""
        connection = await self._database.connect()
        snapshot = await read_snapshot(connection)
        if self._examiner is None:
            self._examiner = Examiner(Judge(critical_tables=("*",)), snapshot)
        else:
            self._examiner.remember(self._examiner.take(snapshot, None).changes)
        self._examiner.read_off(await read_sequences(connection, sequences_of(snapshot.tables.values())), None)
        self._examiner.read(await CodeReader(connection).everything(snapshot))
        links = self._examiner.unmeasured(snapshot.tables)
        found = await measure(connection, links, snapshot, budget=timedelta(seconds=20))
        self._examiner.learn(found)
        await connection.close()
        return self._examiner.examine(self._examiner.everything())

    async def issues(self, *types: str) -> list[Issue]:
        """The issues of those types (none: all) that a look finds."""
        judgement = await self.look()
        unclear = [each for each in judgement.checks if each.status not in {"passed", "failed"}]
        assert [each for each in unclear if each.issue_type not in NEEDS_WATCHING] == []
        return [issue for issue in judgement.issues if not types or issue.issue_type in types]

    async def told(self, *types: str) -> set[tuple[str, str, str, str]]:
        """Type, table, column and object of the issues that a look finds."""
        return {(each.issue_type, each.table, each.column, each.object_name) for each in await self.issues(*types)}
