"""A database that a fix has healed, and another that still is as the first one was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.fixes.conftest import workshop
from tests.support.database import Database
from tests.support.role import Roles
from tests.support.server import Server

__all__ = ["workshop"]


@pytest.fixture
def elsewhere(server: Server, role: Roles) -> Iterator[Database]:
    """A database without pgmend."""
    with server.database() as database:
        yield database
