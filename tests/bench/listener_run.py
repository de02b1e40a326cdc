"""`pgmend start` on one database, as a process of its own."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

_READY_SECONDS = 120.0
_STOP_SECONDS = 20.0
_IDLE_SHARE = 0.05


class Listener:
    """Started and past its first scan on entering, stopped on leaving. `connection` is ours, for questions."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.connection: psycopg.Connection[Any] = psycopg.connect(dsn, autocommit=True)
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        program = str(Path(sys.executable).with_name("pgmend"))
        words = [program, "start", "--port", str(_free_port()), "--scan-interval", "86400"]
        token = secrets.token_urlsafe(24)
        environment = {**os.environ, "PGMEND_DSN": self.dsn, "PGMEND_OPERATOR_TOKEN": token}
        self._process = subprocess.Popen(words, env=environment, stdout=self._log, stderr=self._log)
        self._wait_for_first_scan()
        self._wait_until_idle()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.connection.close()
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def fail_if_gone(self) -> None:
        """Raises with the end of what it said if it has ended."""
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"pgmend start ended with {self._process.returncode}:\n{self._said()}")

    def _said(self) -> str:
        self._log.seek(0)
        return self._log.read().decode(errors="replace")[-4000:]

    def _wait_for_first_scan(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while self.connection.execute("select count(*) from pgmend.scan").fetchone() == (0,):
            self.fail_if_gone()
            if time.monotonic() > deadline:
                raise RuntimeError(f"pgmend start has finished no scan in {_READY_SECONDS:.0f} s:\n{self._said()}")
            time.sleep(0.05)

    def _wait_until_idle(self) -> None:
        """After the first scan come measurements and proposals; they must not be taken for the price of one DDL."""
        deadline = time.monotonic() + _READY_SECONDS
        used = self._cpu_seconds()
        while time.monotonic() < deadline:
            time.sleep(1)
            used, before = self._cpu_seconds(), used
            if used - before < _IDLE_SHARE:
                return
        raise RuntimeError(f"pgmend start is still busy after {_READY_SECONDS:.0f} s:\n{self._said()}")

    def _cpu_seconds(self) -> float:
        self.fail_if_gone()
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
