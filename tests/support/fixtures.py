"""The fixtures of all tests."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from .database import Database
from .installation import installed_database
from .origin import given_server, own_server
from .process import Processes
from .role import Roles
from .server import Server

ServerWith = Callable[..., Server]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The server of this test process; tests must leave it as they found it."""
    with given_server() as server:
        yield server


@pytest.fixture(scope="session")
def server_with() -> Iterator[ServerWith]:
    """A factory of servers with other settings: `server_with(max_prepared_transactions="10")`; kept for the session."""
    servers: dict[frozenset[tuple[str, str]], Server] = {}
    with ExitStack() as stack:

        def start(**settings: str) -> Server:
            key = frozenset(settings.items())
            if key not in servers:
                servers[key] = stack.enter_context(own_server(settings))
            return servers[key]

        yield start


@pytest.fixture
def private_server() -> Iterator[Server]:
    """A server for one test alone, to restart or to break; takes a second."""
    with own_server() as server:
        yield server


@pytest.fixture
def role(server: Server) -> Iterator[Roles]:
    """A factory of roles: `role()`, `role("login createdb")`."""
    roles = Roles(server.admin)
    yield roles
    roles.drop()


@pytest.fixture
def database(server: Server, role: Roles) -> Iterator[Database]:
    """An empty database of one's own."""
    with server.database() as database:
        yield database


@pytest.fixture
def installed(server: Server, role: Roles) -> Iterator[Database]:
    """A database of one's own with pgmend's SQL half installed, known to it as this very database."""
    with installed_database(server) as database:
        yield database


@pytest.fixture
async def pgmend() -> AsyncIterator[Processes]:
    """The command line as processes: `await pgmend.run("check", …)`, `await pgmend.start("start", …)`."""
    processes = Processes()
    yield processes
    await processes.close()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account reaches, with a space in its name; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="pgmend test "))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
