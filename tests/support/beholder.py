"""Looks at a real database as the listener does: catalogs, counts, rules; and looks again."""

from __future__ import annotations

from datetime import timedelta

from pgmend.listener.catalog.read import read_snapshot
from pgmend.listener.issue import Issue
from pgmend.listener.judging.examiner import Examiner
from pgmend.listener.judging.judge import Judge, Judgement
from pgmend.listener.relations.measure import measure

from .database import Database


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
        links = self._examiner.unmeasured(snapshot.tables)
        found = await measure(connection, links, snapshot, budget=timedelta(seconds=20))
        self._examiner.learn(found.containment)
        await connection.close()
        return self._examiner.examine(self._examiner.everything())

    async def issues(self, *types: str) -> list[Issue]:
        """The issues of those types (none: all) that a look finds."""
        judgement = await self.look()
        assert {check.status for check in judgement.checks} <= {"passed", "failed"}, judgement.checks
        return [issue for issue in judgement.issues if not types or issue.issue_type in types]

    async def told(self, *types: str) -> set[tuple[str, str, str, str]]:
        """Type, table, column and object of the issues that a look finds."""
        return {(each.issue_type, each.table, each.column, each.object_name) for each in await self.issues(*types)}
