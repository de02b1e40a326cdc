"""A real server on a free port of the loopback interface, before a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession
from pgmend.api.http import Tokens, create_app, listening
from pgmend.listener.connection import connect
from pgmend.listener.desk import Connections, Desk
from pgmend.listener.settings import Settings
from psycopg import AsyncConnection

from tests.support.database import Database

PREFIX = "/api/database-health"
VIEWER, OPERATOR = "viewer-token-0123456", "operator-token-01234"
SETTINGS = Settings.model_validate(
    {"viewer_token": VIEWER, "operator_token": OPERATOR, "allowed_hosts": ("pgmend.internal",)}
)


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str
    body: Any


class Api:
    """A client with a token, which puts the prefix before every path."""

    def __init__(self, session: ClientSession, token: str = OPERATOR) -> None:
        self._session = session
        self._token = token

    async def ask(self, method: str, path: str, *, prefix: str = PREFIX, **options: Any) -> Answer:
        """Send a request; `headers` with the value None are left out."""
        headers = {"Authorization": f"Bearer {self._token}", **options.pop("headers", {})}
        kept = {name: value for name, value in headers.items() if value is not None}
        async with self._session.request(method, prefix + path, headers=kept, **options) as response:
            return await _answer(response)

    async def get(self, path: str, **options: Any) -> Answer:
        return await self.ask("GET", path, **options)

    async def post(self, path: str, body: object = None, **options: Any) -> Answer:
        return await self.ask("POST", path, json={} if body is None else body, **options)


async def _answer(response: ClientResponse) -> Answer:
    text = await response.text()
    body = await response.json(content_type=None) if response.content_type.endswith("json") and text else None
    return Answer(response.status, response.headers, text, body)


@pytest.fixture
async def address(installed: Database) -> AsyncIterator[str]:
    """Where the API of the test's database answers."""
    async with Connections(installed.dsn) as connections:
        desk = Desk(connections, SETTINGS)
        app = create_app(desk, Tokens.from_settings(SETTINGS), SETTINGS.allowed_hosts)
        async with listening(app, "127.0.0.1", 0) as address:
            yield address


@pytest.fixture
async def session(address: str) -> AsyncIterator[ClientSession]:
    async with ClientSession(address) as session:
        yield session


@pytest.fixture
def api(session: ClientSession) -> Api:
    """The operator's client."""
    return Api(session)


@pytest.fixture
def viewer(session: ClientSession) -> Api:
    return Api(session, VIEWER)


@pytest.fixture
async def connection(installed: Database) -> AsyncIterator[AsyncConnection[Any]]:
    """What a listener would hold."""
    async with await connect(installed.dsn, "test") as connection:
        yield connection
