"""A database whose statements the server remembers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support.database import Database
from tests.support.fixtures import ServerWith
from tests.support.installation import installed_database
from tests.support.rehearsed import APP
from tests.support.server import Server
from tests.support.workshop import Workshop


@pytest.fixture(scope="module")
def observing(server_with: ServerWith) -> Server:
    return server_with(shared_preload_libraries="pg_stat_statements")


@pytest.fixture
def watched(observing: Server) -> Iterator[Database]:
    """An installed database whose statements the server remembers; it has forgotten those of other tests."""
    with installed_database(observing) as database:
        database.execute(APP.encode())
        database.execute("select public.pg_stat_statements_reset()")
        yield database


@pytest.fixture
async def workshop(watched: Database) -> AsyncIterator[Workshop]:
    workshop = await Workshop.open(watched)
    yield workshop
    await workshop.close()
