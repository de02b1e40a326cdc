"""A corpus written, read and judged."""

from __future__ import annotations

from pathlib import Path

from pgmend.listener.settings import Settings
from pgmend.listener.source.analysis import analyze
from pgmend.listener.source.extraction import extract
from psycopg import AsyncConnection

from tests.support.database import Database

from .schema import Schema
from .score import Score
from .sender import trees
from .tree import write


async def planted(database: Database, folder: Path, cases: int, seed: int) -> Score:
    """How the analysis fares with so many cases in `folder`, a tree for each driver."""
    schema = Schema.drawn(seed)
    database.execute(schema.made_by)  # pyright: ignore[reportArgumentType] - drawn names, quoted
    score = Score()
    for tree in trees():
        root = folder / tree
        root.mkdir(parents=True)
        written = write(root, tree, cases // len(trees()), seed, schema)
        extraction = extract(root)
        if extraction.unreadable:
            raise AssertionError(extraction.unreadable)
        async with await AsyncConnection.connect(database.dsn, autocommit=True) as connection:
            score.take(written, (await analyze(connection, extraction, Settings())).issues)
    return score
