"""The process: hears, leads or stands by, looks, mends; one TaskGroup owns everything.

```
Daemon.run
├── listen    the LISTEN connection, rings the bell
├── http      the faces, if asked for
└── lead      standby → takes the lease → reign → standby …
    └── reign (one TaskGroup per reign; any loss ends all of it)
        ├── heartbeat   keeps the lease, or ends the reign
        ├── analyse     events, pulses, scans
        ├── mend        measures, proposes, applies, undoes
        ├── code        the application's code, read in a process of its own
        ├── keep house  once a day: old history goes
        └── erase       with each scan: expired backups go, and from others what is gone from their tables
```
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import cast

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from tenacity import retry, retry_if_exception_type, wait_exponential_jitter

from .catalog.exclusion import LeftAlone
from .codebase.statements import code_sources
from .codebase.watch import CodeWatch
from .connection import connect
from .connections import ConnectionSource, SharedConnection
from .errors import CouldNotLook, LeaseLost
from .event import Event
from .fixes.execution.courtesy import Courtesy
from .fixes.limits import limits_of
from .hearing.bell import Bell
from .hearing.lease import HEARTBEAT_INTERVAL, LEASE_TIME, Lease, take_lease
from .hearing.notifier import Notifier
from .hearing.pulse import PULSE_INTERVAL, Pulse, invalid_indexes, read_pulse, triggers_fire
from .judging.analyst import Analyst
from .judging.judge import Judge
from .judging.outcome import Outcome
from .judging.roster import Roster
from .mending.housekeeping import Housekeeper
from .mending.mender import Mender
from .mending.repository import Repository
from .settings import AutoFix, Settings
from .store.instance import require_installation
from .store.policy import read_policy
from .store.scans import scan_requested

STANDBY_INTERVAL = timedelta(seconds=1)
POLL_DEAF = timedelta(seconds=1)
POLL_HEARING = timedelta(seconds=2)
LAST_STEP = timedelta(seconds=10)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Orders:
    """How this process was started: `allowed` by its flags, `observe` when it may look and never touch, `stands_in`
    when it leads for as long as one command takes."""

    allowed: AutoFix = AutoFix.ALL
    observe: bool = False
    stands_in: bool = False


class Daemon:
    """A listener on one database. `run` returns after `stop`; what it judges by is read when it begins.

    It keeps `connections.KEPT` connections and borrows the others from `connections`, which it shares with the faces.
    """

    def __init__(
        self, dsn: str, settings: Settings, connections: ConnectionSource, orders: Orders | None = None
    ) -> None:
        self._dsn = dsn
        self._connections = connections
        self._settings = settings
        self._orders = orders or Orders()
        self._code = CodeWatch(dsn, settings) if settings.code is not None and not self._orders.stands_in else None
        self.sources = code_sources(settings, self._code)
        self._bell = Bell()
        self._notifier = Notifier(dsn, self._bell)
        self._stop = asyncio.Event()
        self._mending: tuple[Mender, asyncio.Task[None]] | None = None
        self._next_scan = 0.0
        self.leading = asyncio.Event()

    @property
    def holder(self) -> str:
        """What it is called where it leads."""
        return f"{socket.gethostname()} pid {os.getpid()}"

    def stop(self) -> None:
        """Finish the step under way, release the lease, return from `run`. Safe to call from a signal handler."""
        self._stop.set()

    async def run(self, *companions: Callable[[], Awaitable[None]]) -> None:
        """Work until stopped. `companions` (the HTTP server) run beside and end with it; if one fails, all end."""
        roster = Roster.muster(self._settings)
        async with await connect(self._dsn, "start") as connection:
            await require_installation(connection)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._notifier.run(), name="listen"),
                group.create_task(self._lead(roster), name="lead"),
                *(group.create_task(_run(each), name="companion") for each in companions),
            ]
            await self._stop.wait()
            if self._mending is not None:
                mender, task = self._mending
                mender.stop()
                await asyncio.wait([task], timeout=LAST_STEP.total_seconds())
            for task in tasks:
                task.cancel()

    async def _lead(self, roster: Roster) -> None:
        while True:
            try:
                await self._one_reign(roster)
            except* LeaseLost as group:
                log.warning("lease lost; standing by", error=_first_words(group))
            except* (CouldNotLook, psycopg.OperationalError, TimeoutError) as group:
                log.warning("database out of reach; trying again", error=_first_words(group))
                await asyncio.sleep(STANDBY_INTERVAL.total_seconds())
            finally:
                self.leading.clear()

    async def _one_reign(self, roster: Roster) -> None:
        async with await _reach(self._dsn, "lease") as connection:
            lease = await self._stand_by(connection)
            log.info("leading", holder=f"pid {os.getpid()}")
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._heartbeat(connection, lease), name="heartbeat")
                    group.create_task(self._work(connection, lease, roster), name="work")
            finally:
                self._mending = None
                await _release(connection, lease)

    async def _stand_by(self, connection: AsyncConnection[TupleRow]) -> Lease:
        while True:
            try:
                lease = await take_lease(connection, self.holder)
            except psycopg.errors.LockNotAvailable:
                lease = None
            if lease is not None:
                return lease
            await asyncio.sleep(STANDBY_INTERVAL.total_seconds())

    async def _heartbeat(self, connection: AsyncConnection[TupleRow], lease: Lease) -> None:
        while True:
            async with asyncio.timeout((LEASE_TIME - HEARTBEAT_INTERVAL).total_seconds()):
                next_scan = timedelta(seconds=max(0.0, self._next_scan - time.monotonic()))
                allowed = AutoFix.strictest(self._settings.auto_fix, self._orders.allowed)
                if not await lease.beat(
                    connection, observing=self._orders.observe, allowed=allowed, next_scan=next_scan
                ):
                    raise LeaseLost("The lease ran out, or another listener took it.")
            await asyncio.sleep(HEARTBEAT_INTERVAL.total_seconds())

    async def _work(self, keeping: AsyncConnection[TupleRow], lease: Lease, roster: Roster) -> None:
        """Look and mend; over `keeping`, which only keeps the lease, it is asked besides whether fixing is paused
        and who waits for a fix."""
        settings = self._settings
        async with await connect(self._dsn, "analyst") as connection:
            judge = Judge(roster, settings.critical_tables)
            analyst = Analyst(
                connection,
                lease,
                judge,
                LeftAlone(settings.exclude),
                online_above=settings.online_above,
                heard=self._heard,
            )
            # Before the first look, or what is changed right after it would never be noticed without event triggers.
            hears, pulse = await analyst.ask(_hearing)
            await analyst.begin()
            if self._code is None and not self._orders.stands_in:
                await analyst.leave_code()
            mender = Mender(
                self._connections,
                settings,
                analyst,
                lease,
                policy_now=partial(read_policy, keeping),
                watching=SharedConnection(keeping),
                allowed=self._orders.allowed,
                observe=self._orders.observe,
                stands_in=self._orders.stands_in,
                repository=None if self._orders.stands_in else Repository(Path.cwd()),
                sources=self.sources,
            )
            async with asyncio.TaskGroup() as group:
                group.create_task(self._analyse(connection, analyst, mender, hears, pulse), name="analyse")
                self._mending = (mender, group.create_task(mender.run(), name="mend"))
                housekeeper = Housekeeper(
                    self._connections,
                    lease,
                    settings.lock_timeout,
                    observe=self._orders.observe,
                    courtesy=Courtesy(SharedConnection(keeping), limits_of(settings)),
                )
                group.create_task(housekeeper.run(), name="keep house")
                if self._code is not None:
                    group.create_task(self._code.run(analyst.see_code), name="code")
                group.create_task(housekeeper.keep_erasing(settings.scan_interval), name="erase from backups")
                self.leading.set()
                log.info("watching", tables=len(analyst.examiner.snapshot.tables))

    def _heard(self, kind: str, events: Sequence[Event], outcome: Outcome) -> None:
        if self._code is not None:
            self._code.hear(kind, events, outcome)

    async def _analyse(
        self, connection: AsyncConnection[TupleRow], analyst: Analyst, mender: Mender, hears: bool, pulse: Pulse
    ) -> None:
        scan_interval = self._settings.scan_interval.total_seconds()
        invalid = frozenset[tuple[int, int]]()
        self._next_scan = time.monotonic() + scan_interval
        while True:
            due = timedelta(seconds=max(0.0, self._next_scan - time.monotonic()))
            await self._bell.wait(min(due, self._patience(hears)))
            try:
                while await analyst.react() is not None:
                    mender.wake()
                invalid = await _look_at_builds(analyst, invalid)
                if not hears and (now := await analyst.ask(read_pulse)) != pulse:
                    await analyst.scan("event")
                    pulse = now
            except CouldNotLook as error:
                _raise_if_lost(connection, error)
                log.warning("could not look; trying again", error=str(error))
                await asyncio.sleep(POLL_DEAF.total_seconds())
            if time.monotonic() >= self._next_scan:
                hears, pulse = await analyst.ask(_hearing)
                await _scan(connection, analyst, "safety")
                self._next_scan = time.monotonic() + scan_interval
            elif await analyst.ask(scan_requested):
                await _scan(connection, analyst, "requested")
            mender.wake()

    def _patience(self, hears: bool) -> timedelta:
        if not hears:
            return PULSE_INTERVAL
        return POLL_HEARING if self._notifier.healthy else POLL_DEAF


async def _scan(connection: AsyncConnection[TupleRow], analyst: Analyst, kind: str) -> None:
    """Look at everything, or put down why that could not be done: the next one may."""
    try:
        await analyst.scan(kind)
    except CouldNotLook as error:
        _raise_if_lost(connection, error)
        log.warning("scan could not look", kind=kind, error=str(error))
        await analyst.could_not_scan(kind, error)


def _raise_if_lost(connection: AsyncConnection[TupleRow], error: CouldNotLook) -> None:
    """What is seen over a connection that is gone is another reign's business."""
    if connection.closed:
        raise error


def _first_words(group: BaseExceptionGroup[BaseException]) -> str:
    """What the first of the errors says, however deep it is wrapped."""
    first = group.exceptions[0]
    if isinstance(first, BaseExceptionGroup):
        return _first_words(cast("BaseExceptionGroup[BaseException]", first))
    return str(first).strip() or type(first).__name__


async def _hearing(connection: AsyncConnection[TupleRow]) -> tuple[bool, Pulse]:
    """Whether event triggers tell of changes; and where they do not, what to compare with to notice one."""
    hears = await triggers_fire(connection)
    return hears, () if hears else await read_pulse(connection)


async def _look_at_builds(analyst: Analyst, before: frozenset[tuple[int, int]]) -> frozenset[tuple[int, int]]:
    """Look at tables whose concurrent builds began, ended, or were still under way at the last look."""
    now = await analyst.ask(invalid_indexes)
    unclear = now ^ before | {pair for pair in now if analyst.is_being_built(*pair)}
    if unclear:
        await analyst.look_at(frozenset(table for table, _ in unclear))
    return now


async def _release(connection: AsyncConnection[TupleRow], lease: Lease) -> None:
    """Let another take over at once; where that cannot be said, the lease runs out by itself."""
    try:
        async with asyncio.timeout(HEARTBEAT_INTERVAL.total_seconds()):
            await lease.release(connection)
    except (psycopg.Error, TimeoutError) as error:
        log.warning("lease not released; it runs out", error=str(error).strip())


async def _run(companion: Callable[[], Awaitable[None]]) -> None:
    await companion()


@retry(retry=retry_if_exception_type(CouldNotLook), wait=wait_exponential_jitter(multiplier=0.1, max=10))
async def _reach(dsn: str, purpose: str) -> AsyncConnection[TupleRow]:
    return await connect(dsn, purpose)
