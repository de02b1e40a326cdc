"""The sample application's database, built once per process and cloned."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import psycopg
import pytest
from pgmend.api.demo import sample

from tests.support.database import Database
from tests.support.server import Server


@pytest.fixture
def demo(server: Server) -> Iterator[Database]:
    """An own copy of the sample application's database."""
    with server.database(server.template("demo", fill)) as database:
        yield database


def fill(dsn: str) -> None:
    async def build() -> None:
        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
            await sample.build(connection)

    asyncio.run(build())
