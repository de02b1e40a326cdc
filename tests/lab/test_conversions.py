"""A few planted conversions, and what the lab would say of one that is taken away wrongly."""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg.rows import dict_row

from tests.support.database import Database

from .conversions.plant import planted
from .conversions.run import outcome
from .conversions.trial import SCHEMA, tried


async def test_planted_conversions_go_where_they_may_and_nowhere_else(database: Database, tmp_path: Path) -> None:
    verdicts = await tried(database, tmp_path, [planted(number) for number in range(30)])
    assert [each for each in verdicts if each.wrong] == []
    assert [each.planted.source.name for each in verdicts if each.planted.provable and not each.removed] == []


async def test_what_is_taken_away_wrongly_shows(database: Database) -> None:
    database.execute(SCHEMA)
    drawn = (each for each in map(planted, range(1, 2000, 2)) if each.driver == "asyncpg")
    plant = next(each for each in drawn if each.source.name == "an annotated str")
    database.execute("alter table orders alter user_id type integer using user_id::integer")
    with psycopg.connect(database.dsn, row_factory=dict_row) as connection:
        wrong = plant.code.replace("str(x)", "x").encode()
        right = plant.code.replace("str(x)", "int(x)").encode()
        assert await outcome(connection, plant.driver, wrong, ("3",)) == ("failed", "Refused: str for integer")
        assert (await outcome(connection, plant.driver, right, ("3",)))[0] == "done"
