"""A workshop of one's own for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.database import Database
from tests.support.workshop import Workshop


@pytest.fixture
async def workshop(installed: Database) -> AsyncIterator[Workshop]:
    """An installed database and the lease of its leader."""
    workshop = await Workshop.open(installed)
    yield workshop
    await workshop.close()
