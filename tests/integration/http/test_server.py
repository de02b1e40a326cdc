"""The server itself: where it listens, how it ends, and what it answers when the database is gone."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import structlog
from aiohttp import ClientConnectorError, ClientSession
from pgmend.api.http import Tokens, create_app, listening, serve
from pgmend.listener.desk import Connections, Desk
from pgmend.listener.errors import SettingsError
from pgmend.listener.journal import configure_journal
from pgmend.listener.settings import Settings
from psycopg import AsyncConnection

from tests.integration.http.conftest import OPERATOR, PREFIX, SETTINGS, Api
from tests.support.database import Database
from tests.support.eventually import eventually
from tests.support.planted import lead, plant_issue

NOWHERE = "host=127.0.0.1 port=1 dbname=shop user=app password=hunter2"
HEAD = f"Host: localhost\r\nAuthorization: Bearer {OPERATOR}\r\nConnection: close\r\n"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is logged, as JSON, down to debug."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    configure_journal(Settings(log_format="json", log_level="debug"), stream)
    yield stream
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
async def orphaned() -> AsyncIterator[str]:
    """The address of a server whose database cannot be reached."""
    app = create_app(Desk(Connections(NOWHERE), SETTINGS), Tokens.from_settings(SETTINGS))
    async with listening(app, "127.0.0.1", 0) as address:
        yield address


def app_with(settings: Settings) -> Any:
    return create_app(Desk(Connections(NOWHERE), settings), Tokens.from_settings(settings))


async def raw(address: str, request: bytes) -> tuple[bytes, Any]:
    """Status line and problem document of what a socket is answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
    writer.write(request)
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    assert b"Content-Type: application/problem+json" in head
    assert b"Server: pgmend\r\n" in head
    return head.split(b"\r\n")[0], json.loads(body)


async def test_database_that_is_gone_is_a_problem_and_no_readiness(orphaned: str) -> None:
    async with ClientSession(orphaned) as session:
        api = Api(session)
        answer = await api.get("/status")
        assert (answer.status, answer.body["type"]) == (503, "urn:pgmend:problem:could-not-look")
        assert "Cannot connect to shop on 127.0.0.1:1" in answer.body["detail"]
        assert "hunter2" not in answer.text
        alive = await api.get("/healthz", prefix="", headers={"Authorization": None})
        assert (alive.status, alive.body) == (200, {"status": "alive"})
        ready = await api.get("/readyz", prefix="", headers={"Authorization": None})
        assert (ready.status, ready.body["type"]) == (503, "urn:pgmend:problem:not-ready")
        assert "127.0.0.1" not in ready.text


async def test_ready_once_somebody_leads_and_no_longer_when_nobody_does(
    api: Api, connection: AsyncConnection[Any]
) -> None:
    async def ready() -> int:
        answer = await api.get("/readyz", prefix="", headers={"Authorization": None, "Host": "10.1.2.3.probe.example"})
        return answer.status

    assert await ready() == 503
    lease = await lead(connection)
    assert await ready() == 200
    await lease.release(connection)
    assert await ready() == 503


async def test_unforeseen_error_is_an_id_for_the_client_and_a_traceback_for_the_log(
    api: Api, installed: Database, log: io.StringIO
) -> None:
    installed.execute("alter table pgmend.scan alter column detail type text")
    installed.execute("insert into pgmend.scan (kind, detail) values ('full', 'hunter2')")
    answer = await api.get("/scans")
    assert (answer.status, answer.body["type"]) == (500, "urn:pgmend:problem:internal-error")
    assert "ValidationError" not in answer.text
    assert "hunter2" not in answer.text
    (line,) = (json.loads(line) for line in log.getvalue().splitlines() if answer.body["instance"] in line)
    assert (line["level"], line["route"]) == ("error", f"{PREFIX}/scans")
    assert "ValidationError" in line["exception"]


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"rubbish\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        f"GET {PREFIX}/issues/\xff HTTP/1.1\r\n{HEAD}\r\n".encode("latin-1"),
        f"GET {PREFIX}/status HTTP/1.1\r\n{HEAD}X: {'y' * 20_000}\r\n\r\n".encode(),
        f"POST {PREFIX}/resume HTTP/1.1\r\n{HEAD}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{{}}".encode(),
    ],
)
async def test_what_is_no_http_is_told_so_and_repeated_nowhere(
    orphaned: str, log: io.StringIO, request_bytes: bytes
) -> None:
    status, problem = await raw(orphaned, request_bytes)
    assert (status, problem["type"]) == (b"HTTP/1.0 400 Bad Request", "urn:pgmend:problem:malformed-http")
    assert OPERATOR not in log.getvalue()
    assert "Traceback" not in log.getvalue()


async def test_body_that_grows_past_the_limit_is_cut_off(orphaned: str) -> None:
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    head = (
        f"POST {PREFIX}/resume HTTP/1.1\r\n{HEAD}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    status, problem = await raw(orphaned, head.encode() + 2 * chunk + b"0\r\n\r\n")
    assert (status, problem["type"]) == (
        b"HTTP/1.1 413 Request Entity Too Large",
        "urn:pgmend:problem:body-too-large",
    )


async def test_body_that_is_announced_too_large_is_refused_unread(orphaned: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(orphaned.rpartition(":")[2]))
    kind = "Content-Type: application/json\r\nContent-Length: 1000000000\r\n"
    writer.write(f"POST {PREFIX}/resume HTTP/1.1\r\n{HEAD}{kind}\r\n".encode())
    assert await reader.readline() == b"HTTP/1.1 413 Request Entity Too Large\r\n"
    writer.close()
    await writer.wait_closed()


async def test_two_tokens_open_less_than_one(orphaned: str) -> None:
    twice = f"GET {PREFIX}/status HTTP/1.1\r\n{HEAD}Authorization: Bearer {OPERATOR}\r\n\r\n"
    status, _ = await raw(orphaned, twice.encode())
    assert status == b"HTTP/1.1 401 Unauthorized"


async def test_request_without_a_host_is_refused(orphaned: str) -> None:
    status, _ = await raw(orphaned, f"GET {PREFIX}/status HTTP/1.0\r\n\r\n".encode())
    assert status == b"HTTP/1.0 421 Misdirected Request"


async def test_port_that_is_taken_is_named(orphaned: str) -> None:
    port = int(orphaned.rpartition(":")[2])
    with pytest.raises(SettingsError, match=f"port {port}: something else listens there; give another --port"):
        await serve(app_with(SETTINGS), "127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "port", "says"),
    [
        ("203.0.113.7", 0, "this machine has no such address"),
        ("no-such-host.invalid", 0, "no-such-host.invalid"),
        ("127.0.0.1", 70_000, "port 70000"),
    ],
)
async def test_address_that_cannot_be_is_named(host: str, port: int, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        await serve(app_with(SETTINGS), host, port)


async def test_generated_token_opens_a_loopback_server_and_no_other() -> None:
    app = app_with(Settings())
    with pytest.raises(SettingsError, match="PGMEND_OPERATOR_TOKEN"):
        await serve(app, "0.0.0.0", 0)
    async with listening(app, "127.0.0.1", 0) as address:
        assert address.startswith("http://127.0.0.1:")


async def test_every_interface_is_served_with_a_configured_token() -> None:
    async with listening(app_with(SETTINGS), "0.0.0.0", 0) as address:
        port = address.rpartition(":")[2]
        async with ClientSession(f"http://127.0.0.1:{port}") as session:
            assert (await Api(session).get("/healthz", prefix="")).status == 200


async def test_ipv6_address_is_written_with_brackets() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"this machine has no IPv6 loopback: {error}")
    async with listening(app_with(SETTINGS), "::1", 0) as address, ClientSession(address) as session:
        assert address.startswith("http://[::1]:")
        assert (await Api(session).get("/healthz", prefix="")).status == 200


async def test_server_answers_no_more_once_it_is_cancelled() -> None:
    async with listening(app_with(SETTINGS), "127.0.0.1", 0) as address:
        pass
    async with ClientSession(address) as session:
        with pytest.raises(ClientConnectorError):
            await Api(session).get("/status")


async def test_request_under_way_does_not_hold_up_the_end(
    installed: Database, connection: AsyncConnection[Any]
) -> None:
    await lead(connection)
    async with Connections(installed.dsn) as connections:
        app = create_app(Desk(connections, SETTINGS), Tokens.from_settings(SETTINGS))
        async with listening(app, "127.0.0.1", 0) as address, ClientSession(address) as session:
            waiting = asyncio.create_task(Api(session).post("/check"))
            await eventually(lambda: installed.fetch("select from pgmend.scan"))
            ending = asyncio.create_task(asyncio.wait({waiting}))
        await ending
    assert waiting.exception() is not None


async def test_refused_logins_and_deeds_are_logged_without_their_tokens(
    api: Api, connection: AsyncConnection[Any], log: io.StringIO
) -> None:
    issue = await plant_issue(connection)
    await api.get("/status", headers={"Authorization": "Bearer guessed-guessed-guessed"})
    await api.post(f"/issues/{issue.issue_id}/ignore", {"reason": "legacy"})
    refused, acted = (json.loads(line) for line in log.getvalue().splitlines())
    assert (refused["message"], refused["level"]) == ("http request refused", "warning")
    assert refused["kind"] == "unauthorized"
    assert (acted["message"], acted["by"], acted["issue_id"]) == ("http request done", "operator", issue.issue_id)
    assert acted["route"] == f"{PREFIX}/issues/{{issue_id}}/ignore"
    assert "guessed-guessed" not in log.getvalue()
    assert OPERATOR not in log.getvalue()
