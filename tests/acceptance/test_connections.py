"""How many server connections a listener holds, and that nobody waits for one in vain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from aiohttp import ClientSession
from psycopg import AsyncConnection

from tests.acceptance.listener import OPERATOR, Listener, listen
from tests.support.database import Database
from tests.support.eventually import eventually
from tests.support.installation import installed_database
from tests.support.process import Processes
from tests.support.role import Role, Roles
from tests.support.server import Server

SHOP = """
create table users (id integer primary key, email text not null);
create table sessions (id integer primary key, user_id integer not null references users);
create table orders (id integer primary key, user_id integer references users);
create index orders_user_id_idx on orders (user_id);
create table notes (id integer primary key, user_id text);
insert into users select n, 'user' || n || '@example.org' from generate_series(1, 50) as n;
insert into sessions select id, id from users;
insert into orders select id, id from users;
insert into notes select id, id::text from users;
insert into pgmend.ddl_log (transaction_id, statement_started_at, position, kind, command_tag, session_role,
  effective_role, backend_pid, occurred_at)
select '1', now(), 1, 'drop', 'DROP TABLE', 'r', 'r', 1, now() - interval '91 days' from generate_series(1, 5100);
analyze;
"""
# From another database, since CREATE INDEX CONCURRENTLY would wait for this one's snapshot.
WATCH = """
create function pg_temp.most(watched text) returns text[] language plpgsql as $$
declare now text[]; most text[] := '{}';
begin
  loop
    perform pg_stat_clear_snapshot();
    select array_agg(application_name) into now from pg_stat_activity where usename = watched;
    if cardinality(now) > cardinality(most) then most := now; end if;
    exit when exists (select from pg_locks where locktype = 'advisory' and objid = 4711 and granted);
    perform pg_sleep(0.001);
  end loop;
  return most;
end $$
"""
BUILDS = """
select pid from pg_stat_activity
where datname = %s and application_name = 'pgmend fixer' and query like 'create index concurrently%%'
  and wait_event_type = 'Lock'
"""


HELD = """
select pid from pg_stat_activity
where datname = %s and application_name = 'pgmend desk' and wait_event_type = 'Lock'
"""


@dataclass
class Most:
    """What the sessions of a role were called when there were most of them at once."""

    names: list[str]


@asynccontextmanager
async def counting(server: Server, role: Role) -> AsyncGenerator[Most]:
    """Count the role's sessions within the block, a thousand times a second; known after the block."""
    most = Most([])
    async with (
        await AsyncConnection.connect(server.dsn, autocommit=True) as watcher,
        await AsyncConnection.connect(server.dsn, autocommit=True) as end,
    ):
        await watcher.execute(WATCH)
        watching = asyncio.create_task(watcher.execute("select pg_temp.most(%s)", [role.name]))
        try:
            yield most
        finally:
            await end.execute("select pg_advisory_lock(4711)")
            row = await (await watching).fetchone()
            assert row is not None
            most.names = row[0]


@pytest.fixture
def shop(installed: Database) -> Database:
    """A small application, pgmend installed in its database."""
    installed.execute(SHOP)
    return installed


async def listen_as(role: Role, pgmend: Processes, shop: Database, *options: str, **settings: str) -> Listener:
    """A listener that connects as a role which nobody else is."""
    known = shop.seen_by(role.name, role.password)
    return replace(await listen(pgmend, known, *options, **settings), database=shop)


class Client:
    """Somebody who asks the API."""

    def __init__(self, session: ClientSession) -> None:
        self._session = session

    async def ask(self, method: str, path: str, **body: Any) -> Any:
        """The answer; anything but success fails the test."""
        json = body if method == "POST" else None
        async with self._session.request(method, f"/api/database-health{path}", json=json) as response:
            text = await response.text()
            assert response.status < 300, f"{method} {path}: {response.status} {text}"
            return await response.json()


@asynccontextmanager
async def asking(listener: Listener) -> AsyncGenerator[Client]:
    headers = {"Authorization": f"Bearer {OPERATOR}"}
    async with ClientSession(listener.address, headers=headers) as session:
        yield Client(session)


@asynccontextmanager
async def building(listener: Listener, issue_id: str) -> AsyncGenerator[Client]:
    """Within the block a writer keeps the index of a fix, approved over the API, from being built."""
    shop = listener.database
    writer = await AsyncConnection.connect(shop.dsn, application_name="webshop")
    try:
        await writer.execute("insert into sessions values (1000, 1)")
        await listener.fix(issue_id, "proposed")
        async with asking(listener) as client:
            plan = await client.ask("POST", "/preview-fix", issue_id=issue_id)
            await client.ask("POST", "/fix", issue_id=issue_id, plan_hash=plan["plan_hash"])
            await eventually(lambda: shop.fetch(BUILDS, [shop.name]), 20)
            yield client
    finally:
        await writer.close()


async def ask_everything(client: Client, issue_id: str) -> None:
    for _ in range(2):
        for path in ("/status", "/issues", "/fixes", "/ddl", "/scans", "/backups"):
            await client.ask("GET", path)
        await client.ask("POST", "/preview-fix", issue_id=issue_id)
        await client.ask("POST", "/check")


@pytest.mark.parametrize(("allowed", "with_code"), [(5, False), (8, True)])
async def test_a_listener_never_holds_more_than_max_connections(
    pgmend: Processes, server: Server, shop: Database, role: Roles, allowed: int, with_code: bool, tmp_path: Path
) -> None:
    own = role("superuser login")
    code = ("--code", str(tmp_path)) if with_code else ()
    async with counting(server, own) as most:
        listener = await listen_as(own, pgmend, shop, "--scan-interval", "1", *code, max_connections=str(allowed))
        if with_code:
            await listener.process.line("code is watched")
        missing = await listener.issue("MISSING_INDEX", "sessions")
        mismatch = await listener.issue("TYPE_MISMATCH", "notes")
        async with building(listener, missing["issue_id"]) as client:
            await asyncio.gather(*(ask_everything(client, mismatch["issue_id"]) for _ in range(8)))
            assert shop.fetch(BUILDS, [shop.name])
        await listener.fix(missing["issue_id"], "applied")
        await listener.process.line("housekeeping done.*forgotten=5100")
        assert await listener.process.terminate() == 0
    # A rehearsal has one more, in a database of its own, and there is one at a time.
    rehearsing = any("pgmend_scratch_" in name for name in most.names)
    assert 5 <= len(most.names) <= allowed + rehearsing, most.names
    assert ("pgmend code" in most.names) is with_code


async def test_a_pause_stops_a_build_that_waits_though_all_connections_are_lent(
    pgmend: Processes, shop: Database
) -> None:
    listener = await listen(pgmend, shop)
    missing = await listener.issue("MISSING_INDEX", "sessions")
    async with building(listener, missing["issue_id"]) as client:
        fix = await listener.fix(missing["issue_id"], "running")
        with psycopg.connect(shop.dsn) as blocker:
            # Whoever asks for the steps holds the one connection that the build leaves, until the lock timeout.
            blocker.execute("lock table pgmend.fix_step in access exclusive mode")
            asking = [asyncio.create_task(client.ask("GET", f"/fixes/{fix['fix_id']}")) for _ in range(5)]
            await eventually(lambda: shop.fetch(HELD, [shop.name]))
            shop.fetch("select pgmend.pause('now')")
            await eventually(lambda: not shop.fetch(BUILDS, [shop.name]))
            assert not all(each.done() for each in asking)
        await asyncio.gather(*asking, return_exceptions=True)
        await listener.fix(missing["issue_id"], "queued")
        assert (await client.ask("GET", "/status"))["fixing"] == "paused"
        await client.ask("POST", "/resume")
    await listener.fix(missing["issue_id"], "applied")


async def test_a_listener_recovers_from_a_restart_of_the_server(pgmend: Processes, private_server: Server) -> None:
    with installed_database(private_server) as shop:
        shop.execute(SHOP)
        listener = await listen(pgmend, shop)
        missing = await listener.issue("MISSING_INDEX", "sessions")
        async with building(listener, missing["issue_id"]) as client:
            private_server.restart(crash=True)
            await listener.fix(missing["issue_id"], "applied")
            assert (await client.ask("GET", "/status"))["status"] == "running"
        ours = "select count(*) from pg_stat_activity where application_name like 'pgmend %%' and datname = %s"
        assert shop.value(ours, [shop.name]) <= 5
        assert await listener.process.terminate() == 0
        assert "Traceback" not in listener.process.output
