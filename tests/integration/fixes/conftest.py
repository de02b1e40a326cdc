"""A workshop of one's own for each test of fixes, and other sessions beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from tests.support.database import Database
from tests.support.workshop import Workshop


@pytest.fixture
async def workshop(installed: Database) -> AsyncIterator[Workshop]:
    """An installed database and the lease of its leader."""
    workshop = await Workshop.open(installed)
    yield workshop
    await workshop.close()


@pytest.fixture
async def observer(workshop: Workshop) -> psycopg.AsyncConnection[Any]:
    """A session that only looks."""
    return await workshop.database.connect()


@pytest.fixture
async def shop(workshop: Workshop) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A session of the application, in a transaction that it does not end."""
    async with await workshop.database.connect(application_name="webshop", autocommit=False) as connection:
        yield connection
        await connection.rollback()
