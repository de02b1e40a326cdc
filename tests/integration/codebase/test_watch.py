"""The process that reads code: what it tells when files, the schema or it itself go another way."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pgmend.listener.catalog.change import Change, ChangeKind
from pgmend.listener.codebase.account import Account
from pgmend.listener.codebase.queries import Spoken
from pgmend.listener.codebase.watch import CodeWatch
from pgmend.listener.errors import CouldNotLook
from pgmend.listener.event import Event
from pgmend.listener.judging.outcome import Outcome
from pgmend.listener.settings import Settings
from pgmend.listener.statements.touched import Relation, Touched

from tests.support.database import Database

SHOP = 'create table orders (id integer, "Größe" integer); create table items (sku text)'
CODE = """
import psycopg


def read(c: psycopg.Cursor) -> None:
    c.execute("select id from orders")
    c.execute("select sku from items")
    c.execute("select nothing from items")
    c.execute("select 1 from items as a join items as b on a.sku = b.sku")
"""
NOTHING = Outcome((), (), (), (), frozenset(), 0, 0)


class Watched:
    """A watch under way, and the accounts that it gave."""

    def __init__(self, watch: CodeWatch) -> None:
        self.watch = watch
        self.accounts: list[Account] = []
        self._news = asyncio.Event()

    async def take_in(self, account: Account) -> Outcome:
        self.accounts.append(account)
        self._news.set()
        return NOTHING

    async def account(self, fits: Callable[[Account], bool]) -> Account:
        """The first account from now on that is so."""
        async with asyncio.timeout(30):
            while True:
                for each in self.accounts:
                    if fits(each):
                        self.accounts.clear()
                        return each
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def watching(database: Database, folder: Path) -> AsyncGenerator[Watched]:
    watched = Watched(CodeWatch(database.dsn, Settings(code=folder)))
    task = asyncio.create_task(watched.watch.run(watched.take_in))
    try:
        yield watched
    finally:
        task.cancel()
        await asyncio.wait([task])


def children() -> set[int]:
    """The processes that this one has started."""
    listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
    commands = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in listed.split()}
    return {pid for pid, command in commands.items() if b"codebase.worker" in command}


def started_by(pid: int) -> list[int]:
    """The processes that this process has started."""
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []


def has_begun(pid: int) -> bool:
    """Whether what its parent ignores ends it."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return False
    return not int(status.partition("SigIgn:")[2].split()[0], 16) & 1 << (signal.SIGTERM - 1)


def is_alive(pid: int) -> bool:
    """Whether it runs, or stands still: what is dead may wait for whoever buries it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] not in {"Z", "X"}
    except OSError:
        return False


def renamed(table: str) -> tuple[tuple[Event, ...], Outcome]:
    """The event of a column that was renamed, and what came of it."""
    event = Event(
        *("00000000-0000-0000-0000-000000000001", datetime.now(UTC), 1, "command", "ALTER TABLE", "table column"),
        *("public", f"public.{table}.another", 1259, 1, "somebody", None, 1, None),
    )
    change = Change(ChangeKind.COLUMN_RENAMED, 1, "public", table, "a", event_id=event.event_id)
    return (event,), Outcome((), (), (), (change,), frozenset({1}), 2, 0)


def lines(said: Spoken) -> list[int]:
    return [int(each.name.partition(":")[2]) for each in said.queries]


async def test_only_what_names_a_table_is_judged_again_and_what_is_asked_is_of_now(
    database: Database, tmp_path: Path
) -> None:
    database.execute(SHOP)
    (tmp_path / "shop.py").write_text(CODE, encoding="utf-8")
    async with watching(database, tmp_path) as watched:
        first = await watched.account(lambda each: each.first)
        assert [(each.issue_type, each.column) for each in first.issues] == [("UNKNOWN_COLUMN", "nothing")]
        assert first.figures == (str(tmp_path), 1, 9, 4, 4, 0, None)
        assert [each.name for each in first.pieces] == ["shop.py:9"]
        # Both tables differ, and one is spoken of: so the other's statements have not been looked at.
        database.execute("alter table orders rename id to number; alter table items rename sku to article")
        watched.watch.hear("event", *renamed("orders"))
        told = await watched.account(lambda each: bool(each.issues))
        assert [(each.column, each.event_id is not None) for each in told.issues] == [("id", True)]
        watched.watch.hear("event", *renamed("items"))
        told = await watched.account(lambda each: bool(each.issues))
        assert {each.column for each in told.issues} == {"sku"}
        database.execute("alter table items rename article to sku; alter table orders rename number to id")
        watched.watch.hear("safety", (), NOTHING)
        assert len((await watched.account(lambda each: bool(each.gone))).gone) == 3
        touched = Touched((Relation(1, "public", "items", "r"),))
        assert lines(await watched.watch.ask(touched)) == [7, 8, 9]
        (tmp_path / "shop.py").write_text("\n" + CODE, encoding="utf-8")
        assert lines(await watched.watch.ask(touched)) == [8, 9, 10]


async def test_what_ends_it_or_its_connection_is_got_over(database: Database, tmp_path: Path) -> None:
    database.execute(SHOP)
    (tmp_path / "shop.py").write_text(CODE, encoding="utf-8")
    async with watching(database, tmp_path) as watched:
        await watched.account(lambda each: each.first)
        (pid,) = children()
        ended = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pgmend code'"
        assert database.fetch(ended) == [(True,)]
        database.execute("alter table orders rename id to number")
        watched.watch.hear("event", *renamed("orders"))
        told = await watched.account(lambda each: bool(each.issues))
        assert [each.column for each in told.issues] == ["id"]
        os.kill(pid, signal.SIGKILL)
        again = await watched.account(lambda each: each.first)
        assert {each.column for each in again.issues} == {"id", "nothing"}
    assert children() == set()
    with pytest.raises(CouldNotLook, match="not read here"):
        await watched.watch.ask(Touched(()))


@pytest.mark.skipif(sys.platform != "linux" or os.cpu_count() == 1, reason="one process reads")
async def test_its_death_while_others_read_with_it_is_seen_and_ends_them(database: Database, tmp_path: Path) -> None:
    database.execute(SHOP)
    large = [tmp_path / f"large_{number}.py" for number in range(4)]
    for each in large:
        each.write_text(CODE + "    c.execute('select 1 from items')\n" * 10_000, encoding="utf-8")
    (tmp_path / "shop.py").write_text(CODE, encoding="utf-8")
    async with watching(database, tmp_path) as watched:
        readers = list[int]()
        async with asyncio.timeout(30):
            while not readers:
                await asyncio.sleep(0.01)
                workers = children()
                readers = [each for worker in workers for each in started_by(worker) if has_begun(each)]
        # They stand still, so that none ends by itself.
        for each in readers:
            os.kill(each, signal.SIGSTOP)
        for each in large:
            each.unlink()
        (worker,) = workers
        os.kill(worker, signal.SIGKILL)
        try:
            assert (await watched.account(lambda each: each.first)).figures.files == 1
            assert [each for each in readers if is_alive(each)] == []
        finally:
            for each in filter(is_alive, readers):
                os.kill(each, signal.SIGKILL)


async def test_a_locked_table_leaves_its_issues_as_they_were(database: Database, tmp_path: Path) -> None:
    database.execute(SHOP)
    (tmp_path / "shop.py").write_text(CODE, encoding="utf-8")
    async with watching(database, tmp_path) as watched:
        await watched.account(lambda each: each.first)
        locker = await database.connect()
        async with locker.transaction():
            await locker.execute("lock table items")
            watched.watch.hear("safety", (), NOTHING)
            told = await watched.account(lambda each: each.figures.trouble is not None)
            assert (told.gone, told.issues) == (frozenset(), ())
            assert "shop.py:7: the server did not look at it" in (told.figures.trouble or "")
        watched.watch.hear("safety", (), NOTHING)
        told = await watched.account(lambda each: each.figures.trouble is None)
        assert (told.gone, told.issues, told.figures.judged) == (frozenset(), (), 4)
