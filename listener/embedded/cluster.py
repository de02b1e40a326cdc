"""A throw-away PostgreSQL server: made when started, gone when stopped or when our process dies."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Never, Self
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ..errors import EmbeddedServerError
from .account import Account, unprivileged
from .binaries import Binaries
from .directory import ClusterDirectory
from .password import Password
from .process import OrphanProofProcess

SUPERUSER = "postgres"
_START_SECONDS = 60.0
_STOP_SECONDS = 15.0
_PORT_ATTEMPTS = 5
_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # It need not survive the machine, only a crash of its own: synchronous_commit stays on.
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
}
_SECLUDED: Mapping[str, str] = {
    "hostaddr": "127.0.0.1",
    "sslmode": "disable",
    "gssencmode": "disable",
    "channel_binding": "prefer",
    "target_session_attrs": "any",
    "options": "",
}


class Cluster:
    """A server on 127.0.0.1 with its own superuser `postgres` and password, in a data directory of its own.

    Calls block; from a coroutine use `asyncio.to_thread`. `settings` go on top of ours and are shown by pg_settings
    as from the configuration file, so that ALTER SYSTEM overrides them.
    """

    def __init__(
        self,
        bindir: Path | None = None,
        *,
        settings: Mapping[str, str] | None = None,
        port: int | None = None,
        in_memory: bool = True,
    ) -> None:
        self._bindir = bindir
        self._settings = {**_SETTINGS, **(settings or {})}
        self._wanted_port = port
        self._in_memory = in_memory
        self._password = Password.random()
        self._directory: ClusterDirectory | None = None
        self._server: OrphanProofProcess | None = None
        self._port = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Make the data directory and wait until the server takes connections; raises EmbeddedServerError."""
        if self._directory is not None:
            return
        _ = self._binaries  # a wrong bindir shows before anything is made
        self._directory = ClusterDirectory(self._account, in_memory=self._in_memory)
        try:
            self._initdb()
            self._launch_on_a_free_port()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server at once and delete its data; does nothing when it is not running."""
        self._end(signal.SIGQUIT)
        if self._directory is not None:
            self._directory.remove()
            self._directory = None
            self._port = 0

    def restart(self, *, crash: bool = False) -> None:
        """The same data on the same port again; with `crash`, after an immediate shutdown and recovery."""
        self._end(signal.SIGQUIT if crash else signal.SIGINT)
        self._launch(self.port)

    @property
    def port(self) -> int:
        return self._port or _not_started()

    @property
    def data(self) -> Path:
        """The data directory."""
        return self._home.data

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        return self._server.pid if self._server else _not_started()

    def dsn(self, dbname: str = "postgres") -> str:
        """A URI for the superuser, password included."""
        return f"postgresql://{SUPERUSER}:{self._password.text}@127.0.0.1:{self.port}/{quote(dbname, safe='')}"

    def secluded_dsn(self) -> str:
        """The superuser's DSN for connections of this process: what libpq's variables say is of other servers."""
        return make_conninfo(self.dsn(), **_SECLUDED)

    def create_database(self, name: str, template: str | None = None) -> None:
        """CREATE DATABASE, of template0 or of a database to which nobody is connected."""
        with psycopg.connect(self.secluded_dsn(), autocommit=True) as connection:
            connection.execute(
                sql.SQL("create database {} template {}").format(
                    sql.Identifier(name), sql.Identifier(template or "template0")
                )
            )

    def bin(self, name: str) -> Path:
        """The path of a program that came with the server, such as psql or pg_dump."""
        return self._binaries.program(name)

    def log_tail(self, lines: int = 20) -> str:
        """The last lines of the server's log."""
        return "\n".join(self._home.log.read_text(errors="replace").splitlines()[-lines:])

    @cached_property
    def _account(self) -> Account:
        return unprivileged()

    @cached_property
    def _binaries(self) -> Binaries:
        return Binaries.find(self._bindir, self._account)

    @property
    def _home(self) -> ClusterDirectory:
        return self._directory or _not_started()

    def _initdb(self) -> None:
        home = self._home
        pwfile = home.lend("password", self._password.verifier(), self._account)
        words = [
            self.bin("initdb"),
            f"--pgdata={home.data}",
            f"--username={SUPERUSER}",
            f"--pwfile={pwfile}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        ]
        self._server = self._spawn(words)  # so that `stop` ends it, should we be interrupted
        code = self._server.wait(_START_SECONDS)
        self._end(signal.SIGQUIT)
        pwfile.unlink()
        if code is None:
            raise EmbeddedServerError(f"initdb did not end within {_START_SECONDS:.0f} s:\n{self.log_tail()}")
        if code != 0:
            raise EmbeddedServerError(f"initdb failed with exit code {code}:\n{self.log_tail()}")
        with (home.data / "postgresql.conf").open("a") as configuration:
            configuration.writelines(f"{name} = {_quoted(value)}\n" for name, value in self._settings.items())

    def _launch_on_a_free_port(self) -> None:
        """Another port on each attempt: between our look and the server's bind anybody may take one."""
        if self._wanted_port is not None:
            self._launch(self._wanted_port)
            return
        for attempt in range(1, _PORT_ATTEMPTS + 1):
            try:
                self._launch(_free_port())
            except EmbeddedServerError:
                if attempt == _PORT_ATTEMPTS:
                    raise
            else:
                return

    def _launch(self, port: int) -> None:
        self._server = self._spawn([self.bin("postgres"), "-D", self.data, "-p", str(port)])
        deadline = time.monotonic() + _START_SECONDS
        while not self._is_ready(self._server.pid):
            code = self._server.wait(0.005)
            if code is not None:
                raise EmbeddedServerError(
                    f"the server did not start on port {port} (exit code {code}):\n{self.log_tail()}"
                )
            if time.monotonic() > deadline:
                self._end(signal.SIGQUIT)
                raise EmbeddedServerError(f"the server did not start within {_START_SECONDS:.0f} s:\n{self.log_tail()}")
        self._port = port

    def _is_ready(self, pid: int) -> bool:
        """What pg_ctl reads: the first line of postmaster.pid is the pid, the eighth the state."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def _spawn(self, words: Sequence[str | Path]) -> OrphanProofProcess:
        home = self._home
        with home.log.open("ab") as output:
            return OrphanProofProcess(words, self._account, cwd=home.data, output=output.fileno())

    def _end(self, number: signal.Signals) -> None:
        if self._server is None:
            return
        self._server.signal(number)
        if self._server.wait(_STOP_SECONDS) is None:
            self._server.signal(signal.SIGKILL)
            self._server.wait()
        self._server = None


def _not_started() -> Never:
    raise EmbeddedServerError("the embedded server is not started")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _quoted(value: str) -> str:
    """A value as postgresql.conf takes it."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"
