"""A desk on a database of one's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pgmend.listener.connection import connect
from pgmend.listener.desk import Connections, Desk
from pgmend.listener.settings import Settings
from psycopg import AsyncConnection

from tests.support.database import Database


@pytest.fixture
async def desk(installed: Database) -> AsyncIterator[Desk]:
    async with Connections(installed.dsn) as connections:
        yield Desk(connections, Settings())


@pytest.fixture
async def connection(installed: Database) -> AsyncIterator[AsyncConnection[Any]]:
    """What a listener would hold."""
    async with await connect(installed.dsn, "test") as connection:
        yield connection
