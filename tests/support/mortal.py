"""A listener that dies: works in a process of its own, killed with SIGKILL where a test says."""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import timedelta
from uuid import UUID

import psycopg
from pgmend.listener.connections import Connections
from pgmend.listener.fixes.execution.executor import Executor
from pgmend.listener.fixes.execution.recovery import recover
from pgmend.listener.fixes.execution.work import Checkpoint
from pgmend.listener.fixes.limits import Limits
from pgmend.listener.fixes.plan import Plan
from pgmend.listener.fixes.queue.book import read_claim
from pgmend.listener.hearing.lease import Lease
from pgmend.listener.mending.housekeeping import Housekeeper
from pgmend.listener.remedy import CreateIndex
from pgmend.listener.settings import AutoFix

from .forked import FORKS


class Mortal:
    """A process that carries on `fix_id` and is killed at its checkpoint number `last` (from 0); None lets it live."""

    def __init__(self, dsn: str, limits: Limits, fix_id: UUID, token: str, last: int | None = None) -> None:
        self._process = FORKS.Process(target=_live, args=(dsn, limits, fix_id, token, last))

    def start(self) -> None:
        self._process.start()

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.join()

    def wait(self) -> bool:
        """Wait for its end; whether it was killed."""
        self._process.join(60)
        assert self._process.exitcode in (0, -signal.SIGKILL), self._process.exitcode
        return self._process.exitcode != 0


class MortalLeader(Mortal):
    """A process that recovers as a new leader what another one left, and is killed at its checkpoint number `last`."""

    def __init__(self, dsn: str, limits: Limits, token: str, last: int | None = None) -> None:
        self._process = FORKS.Process(target=_lead, args=(dsn, limits, token, last))


class MortalHousekeeper(Mortal):
    """A process that tidies up once and is killed at its checkpoint number `last` (from 0)."""

    def __init__(self, dsn: str, token: str, last: int) -> None:
        self._process = FORKS.Process(target=_tidy_up, args=(dsn, token, last))


def _warm_up() -> None:
    """Build what is built when first needed: once before the fork, and not in each process."""
    Plan.from_json(Plan("", "", "", CreateIndex(0, ())).to_json())


_warm_up()


def _live(dsn: str, limits: Limits, fix_id: UUID, token: str, last: int | None) -> None:
    asyncio.run(_carry_on(dsn, limits, fix_id, token, last))


async def _carry_on(dsn: str, limits: Limits, fix_id: UUID, token: str, last: int | None) -> None:
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        claim = await read_claim(connection, fix_id)
    async with Connections(dsn) as connections:
        await Executor(connections, limits, checkpoint=_deadly(last)).carry_on(claim, Lease(token))


def _lead(dsn: str, limits: Limits, token: str, last: int | None) -> None:
    asyncio.run(_recover(dsn, limits, token, last))


async def _recover(dsn: str, limits: Limits, token: str, last: int | None) -> None:
    async with Connections(dsn) as connections:
        executor = Executor(connections, limits, checkpoint=_deadly(last))
        await recover(connections, executor, Lease(token), allowed=AutoFix.ALL)


def _tidy_up(dsn: str, token: str, last: int) -> None:
    asyncio.run(_tidy(dsn, token, last))


async def _tidy(dsn: str, token: str, last: int) -> None:
    async with Connections(dsn) as connections:
        await Housekeeper(
            connections, Lease(token), timedelta(seconds=10), observe=False, checkpoint=_deadly(last)
        ).tidy()


def _deadly(last: int | None) -> Checkpoint:
    """A checkpoint that goes on until it is reached for the time of that number."""
    passed = 0

    async def checkpoint(_: str) -> None:
        nonlocal passed
        if passed == last:
            os.kill(os.getpid(), signal.SIGKILL)
        passed += 1

    return checkpoint
