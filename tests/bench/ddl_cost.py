"""What a DDL statement costs more because pgmend's event triggers record it.

Statements run in turns on two copies of one database, with and without the triggers, each pair in changing order; a
session listens on the bell as a listener would.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Any, LiteralString

import psycopg

from .figure import Figure, Goal, percentile
from .ground import SMALL, Ground

_CYCLE: tuple[LiteralString, ...] = (
    "create table bench_ddl (id integer primary key, note text)",
    "alter table bench_ddl add column amount numeric",
    "create index bench_ddl_note on bench_ddl (note)",
    "alter table bench_ddl alter column amount set default 0",
    "drop table bench_ddl",
)


def measure(ground: Ground, samples: int, warm_up: int) -> list[Figure]:
    """Cost per statement in microseconds, and the ratio of medians; `samples` statements on each side."""
    with ExitStack() as stack:
        plain, recorded = (_connect(stack, ground, installed=installed) for installed in (False, True))
        cycles = -(-samples // len(_CYCLE))
        for _ in range(-(-warm_up // len(_CYCLE))):
            _cycle(plain, recorded)
        pairs = [pair for _ in range(cycles) for pair in _cycle(plain, recorded)]
    without = percentile([pair[0] for pair in pairs], 50)
    extra = [after - before for before, after in pairs]
    remark = f"{len(pairs)} pairs; the statements themselves: {without:.0f} µs"
    ratio = percentile([pair[1] for pair in pairs], 50) / without
    return [
        Figure(SMALL.name, "cost of triggers per DDL, p50", percentile(extra, 50), "µs", Goal(200, 200), remark),
        Figure(SMALL.name, "cost of triggers per DDL, p99", percentile(extra, 99), "µs", Goal(2000, 2000)),
        Figure(SMALL.name, "DDL with triggers / without", ratio, "x"),
    ]


def _connect(stack: ExitStack, ground: Ground, *, installed: bool) -> psycopg.Connection[Any]:
    database = stack.enter_context(ground.copy(SMALL, installed=installed))
    if installed:
        ears = stack.enter_context(psycopg.connect(database.dsn, autocommit=True))
        ears.execute("listen pgmend")
    return stack.enter_context(psycopg.connect(database.dsn, autocommit=True))


def _cycle(plain: psycopg.Connection[Any], recorded: psycopg.Connection[Any]) -> list[tuple[float, float]]:
    """Each statement's time on both sides, in microseconds."""
    pairs: list[tuple[float, float]] = []
    for position, statement in enumerate(_CYCLE):
        if position % 2:
            first = _timed(plain, statement)
            pairs.append((first, _timed(recorded, statement)))
        else:
            second = _timed(recorded, statement)
            pairs.append((_timed(plain, statement), second))
    return pairs


def _timed(connection: psycopg.Connection[Any], statement: LiteralString) -> float:
    started = time.perf_counter()
    connection.execute(statement)
    return (time.perf_counter() - started) * 1e6
