"""What the tests of dependents share: a workshop, and everything that is known of a schema, by name."""

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
