"""A full scan in a process that is warm, and `pgmend check` as a user starts it, with what they cost."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pgmend.listener.check import check as look_at_everything
from pgmend.listener.connection import connect, connected
from pgmend.listener.settings import Settings

from . import memory

# The peak is read inside the process as it ends: once it is gone there is only ru_maxrss, which counts its parent too.
_PROGRAM = """
import atexit, os, pathlib, sys
status = pathlib.Path(os.environ["BENCH_STATUS"])
atexit.register(lambda: status.write_text(pathlib.Path("/proc/self/status").read_text()))
sys.argv = ["pgmend", "check", "--format", "json", "--fail-on", "never"]
from pgmend.api.cli.app import main
main()
"""


@dataclass(frozen=True, slots=True)
class CheckRun:
    """Wall time of the whole process, the most memory that it held, and how much it found and planned."""

    wall_ms: float
    peak_mb: float
    issues: int


def scan_ms(dsn: str) -> float:
    """One look at everything, all rules, nothing planned: what the figure of a full scan means."""

    async def look() -> float:
        async with await connect(dsn, "bench") as connection:
            second = partial(connected, dsn, "bench")
            result = await look_at_everything(connection, Settings(), with_plans=False, second=second)
        if not result.saw_everything:
            raise RuntimeError(f"a rule was kept from looking: {result.checks}")
        return result.duration_ms

    return asyncio.run(look())


def check(dsn: str) -> CheckRun:
    """Run it once; raises CalledProcessError, with what it said, if it could not look."""
    with tempfile.TemporaryDirectory() as folder:
        status = Path(folder) / "status"
        environment = {**os.environ, "PGMEND_DSN": dsn, "BENCH_STATUS": str(status)}
        started = time.perf_counter()
        finished = subprocess.run([sys.executable, "-c", _PROGRAM], env=environment, stdout=subprocess.PIPE, check=True)
        wall_ms = (time.perf_counter() - started) * 1000
        said = json.loads(finished.stdout)
        return CheckRun(wall_ms, memory.peak_mb(status.read_text()), len(said["issues"]))
