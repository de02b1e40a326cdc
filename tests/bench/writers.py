"""Writers of an application, in a process of their own: what each write took, and when it began."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.synchronize import Event

import psycopg

_PROCESSES = multiprocessing.get_context("forkserver")
_PAUSE_SECONDS = 0.002

Write = tuple[float, float]


@dataclass(slots=True)
class Writes:
    """When each write began (seconds on the monotonic clock), and its milliseconds; there once the writers ended."""

    all: list[Write] = field(default_factory=list[Write])

    def between(self, began: float, ended: float) -> list[float]:
        """What writes took that were under way then."""
        return [took for at, took in self.all if at < ended and at + took / 1000 > began]


@contextmanager
def writers(dsn: str, statement: str, rows: int, count: int = 4) -> Generator[Writes]:
    """Let `count` sessions run the statement with a value and one of those keys, one after the other, and remember."""
    stop, ready = _PROCESSES.Event(), _PROCESSES.Event()
    receiving, sending = _PROCESSES.Pipe(duplex=False)
    process = _PROCESSES.Process(target=_run, args=(dsn, statement, rows, count, ready, stop, sending))
    process.start()
    writes = Writes()
    try:
        if not ready.wait(30):
            raise RuntimeError("the writers did not start")
        yield writes
    finally:
        stop.set()
        writes.all += receiving.recv()
        process.join()


def _run(dsn: str, statement: str, rows: int, count: int, ready: Event, stop: Event, sending: object) -> None:
    found = asyncio.run(_all(dsn, statement, rows, count, ready, stop))
    sending.send(found)  # type: ignore[attr-defined]


async def _all(dsn: str, statement: str, rows: int, count: int, ready: Event, stop: Event) -> list[Write]:
    writes: list[Write] = []
    async with asyncio.TaskGroup() as group:
        for place in range(count):
            group.create_task(_write(dsn, statement, rows, random.Random(place), stop, writes))
        ready.set()
    return writes


async def _write(dsn: str, statement: str, rows: int, chance: random.Random, stop: Event, writes: list[Write]) -> None:
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        # A statement that was prepared would go on with parameters of the former type.
        connection.prepare_threshold = None
        while not stop.is_set():
            values = (str(chance.randrange(rows)), chance.randint(1, rows))
            began = time.monotonic()
            await connection.execute(statement.encode(), values)
            writes.append((began, (time.monotonic() - began) * 1000))
            await asyncio.sleep(_PAUSE_SECONDS)
