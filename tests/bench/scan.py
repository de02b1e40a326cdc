"""A full scan, all rules, beside `pg_dump --schema-only` of the same database in the same run; and what it holds."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from statistics import median

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from . import memory
from .check_run import check, scan_ms
from .figure import PEER, Figure, Goal
from .ground import Ground, Subject
from .listener_run import Listener

_RUNS = 3
_PATIENCE_SECONDS = 120.0
_MEMORY = {"small": Goal(100, 80), "wide": Goal(250, 200)}
_IN_LISTENER = {"small": Goal(50, 50)}
_WHOLE = {"small": Goal(700, 700)}
_RATIO = {"wide": Goal(4, 5, at_least=True)}


def measure_process(ground: Ground, subject: Subject) -> list[Figure]:
    """On a database without pgmend, the peer, a scan and a whole `pgmend check` in turns; medians."""
    with ground.copy(subject, installed=False) as database:
        rounds = [
            (_dump_ms(ground.pg_dump, database.dsn), scan_ms(database.dsn), check(database.dsn)) for _ in range(_RUNS)
        ]
    peer = median(dump for dump, _, _ in rounds)
    scan = median(duration for _, duration, _ in rounds)
    runs = [run for _, _, run in rounds]
    wall = median(run.wall_ms for run in runs)
    planned = f"{runs[0].issues} issues, planned"
    memory_goal = _MEMORY[subject.template]
    return [
        Figure(subject.name, PEER, peer, "ms", remark="the peer"),
        Figure(subject.name, "full scan, all rules", scan, "ms"),
        Figure(subject.name, "pg_dump / full scan", peer / scan, "x", _RATIO.get(subject.template)),
        Figure(subject.name, "pgmend check, whole process", wall, "ms", _WHOLE.get(subject.template), planned),
        Figure(subject.name, "pgmend check, peak memory", max(run.peak_mb for run in runs), "MB", memory_goal),
    ]


def measure_listener(subject: Subject, listener: Listener) -> list[Figure]:
    """Scans of the running listener, asked for through SQL; and what it holds in memory after them."""
    duration = median(_requested_scan_ms(listener) for _ in range(_RUNS))
    peak = memory.peak_mb(Path(f"/proc/{listener.pid}/status").read_text())
    held = memory.resident_mb(listener.pid)
    remark = f"at most {peak:.0f} MB"
    return [
        Figure(subject.name, "full scan in the listener", duration, "ms", _IN_LISTENER.get(subject.template)),
        Figure(subject.name, "listener, resident memory", held, "MB", _MEMORY[subject.template], remark),
    ]


def _dump_ms(pg_dump: Path, dsn: str) -> float:
    parts = conninfo_to_dict(dsn)
    environment = {**os.environ, "PGPASSWORD": str(parts.pop("password"))}
    words = [pg_dump, "--schema-only", f"--file={os.devnull}", f"--dbname={make_conninfo(**parts)}"]
    started = time.perf_counter()
    subprocess.run(words, env=environment, check=True)
    return (time.perf_counter() - started) * 1000


def _requested_scan_ms(listener: Listener) -> float:
    asked = listener.connection.execute("select pgmend.request_scan()").fetchone()
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        row = listener.connection.execute(
            "select duration_ms, outcome from pgmend.scan where scan_id = %s and finished_at is not null", asked
        ).fetchone()
        if row is not None:
            if row[1] != "complete":
                raise RuntimeError(f"the scan came to: {row[1]}")
            return float(row[0])
        listener.fail_if_gone()
        time.sleep(0.02)
    raise RuntimeError(f"no scan within {_PATIENCE_SECONDS:.0f} s")
