"""A few hundred planted defects in every driver's code, found as `python -m tests.lab.planted` finds thousands."""

from __future__ import annotations

from pathlib import Path

from tests.support.database import Database

from .planted.laboratory import planted


async def test_what_is_planted_is_told_and_nothing_else(database: Database, tmp_path: Path) -> None:
    score = await planted(database, tmp_path, 280, 4)
    assert score.whole.planted > 100
    assert [str(each) for each in score.faults] == []
