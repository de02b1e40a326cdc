"""From the commit of a DDL statement to the commit that makes its issue visible.

Both instants are commit timestamps of one server's clock (track_commit_timestamp): of the transaction that ran the
DDL, and of the one that stored the issue and marked the event processed. So the way of measuring, however it polls,
adds nothing to the figure; that PostgreSQL takes the timestamp some microseconds before a commit can be seen is the
same at both ends.
"""

from __future__ import annotations

import time
from typing import Any

import psycopg
from psycopg import sql

from .figure import Figure, Goal, percentile
from .listener_run import Listener

_PAUSE_SECONDS = 0.02
_PATIENCE_SECONDS = 10.0
_TABLE = "bench_table_without_key_{}"
_PENDING = "select count(*) from pgmend.ddl_log where processed_at is null"
# xmin of the event is the transaction that processed it: nobody touches the row again.
_LATENCIES = """
select extract(epoch from pg_xact_commit_timestamp(event.xmin) - pg_xact_commit_timestamp(event.transaction_id::xid)),
    issue.opened_at <= pg_xact_commit_timestamp(event.xmin)
from pgmend.ddl_log as event
left join pgmend.issue as issue
    on issue.table_oid = event.object_id and issue.issue_type = 'MISSING_PRIMARY_KEY'
where event.command_tag = 'CREATE TABLE' and event.object_identity like '%bench\\_table\\_without\\_key\\_%'
order by event.occurred_at
"""


def measure(subject: str, listener: Listener, samples: int, warm_up: int) -> list[Figure]:
    """Make a table without a primary key, drop it, and so on: each opens an issue that the catalog proves."""
    with psycopg.connect(listener.dsn, autocommit=True, application_name="bench") as connection:
        for number in range(warm_up + samples):
            name = sql.Identifier(_TABLE.format(number))
            connection.execute(sql.SQL("create table {} (a integer)").format(name))
            _settle(listener)
            connection.execute(sql.SQL("drop table {}").format(name))
            _settle(listener)
    rows: list[tuple[Any, bool | None]] = listener.connection.execute(_LATENCIES).fetchall()[warm_up:]
    unseen = sum(1 for _, in_time in rows if not in_time)
    if unseen or len(rows) != samples:
        raise RuntimeError(f"{len(rows)} events of {samples}, {unseen} of them processed without an issue")
    milliseconds = [float(seconds) * 1000 for seconds, _ in rows]
    remark = f"{samples} samples, slowest {max(milliseconds):.1f} ms"
    p50, floor = percentile(milliseconds, 50), _floor_ms(listener.dsn, samples)
    return [
        Figure(subject, "DDL commit to issue visible, p50", p50, "ms", Goal(5, 5), remark),
        Figure(subject, "DDL commit to issue visible, p99", percentile(milliseconds, 99), "ms", Goal(25, 25)),
        Figure(subject, "notification heard and answered, p50", floor, "ms", remark="the floor: a bell and one commit"),
        Figure(subject, "DDL commit to issue visible / floor", p50 / floor, "x"),
    ]


def _floor_ms(dsn: str, samples: int) -> float:
    """What the way costs when there is nothing to do on it: one session notifies, another one hears and commits."""
    waits: list[float] = []
    with psycopg.connect(dsn, autocommit=True) as speaker, psycopg.connect(dsn, autocommit=True) as hearer:
        hearer.execute("listen bench_floor")
        for _ in range(samples):
            started = time.perf_counter()
            speaker.execute("notify bench_floor")
            heard = list(hearer.notifies(timeout=_PATIENCE_SECONDS, stop_after=1))
            hearer.execute("select pg_catalog.pg_current_xact_id()")
            waits.append((time.perf_counter() - started) * 1000)
            if not heard:
                raise RuntimeError(f"a notification was not heard within {_PATIENCE_SECONDS:.0f} s")
    return percentile(waits, 50)


def _settle(listener: Listener) -> None:
    """Leave the machine alone for longer than it should need, then make sure that nothing waits."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    time.sleep(_PAUSE_SECONDS)
    while listener.connection.execute(_PENDING).fetchone() != (0,):
        listener.fail_if_gone()
        if time.monotonic() > deadline:
            raise RuntimeError(f"an event waits for more than {_PATIENCE_SECONDS:.0f} s")
        time.sleep(_PAUSE_SECONDS)
