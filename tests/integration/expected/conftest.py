"""A database with one of everything in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.database import Database
from tests.support.portraits import EVERYTHING
from tests.support.role import Roles
from tests.support.server import Server


@pytest.fixture
def furnished(server: Server, role: Roles) -> Iterator[Database]:
    """One of everything."""
    with server.database(server.template("one of everything", _fill)) as database:
        yield database


def _fill(dsn: str) -> None:
    Database("template", dsn).execute(EVERYTHING.encode())
