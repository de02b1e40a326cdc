"""A program that runs under another account and does not outlive us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from ..errors import EmbeddedServerError
from .account import Account

_LAUNCHER = Path(__file__).with_name("launch.py")
# Immediate shutdown: nobody will read this data again, and open sessions would hold up a fast one.
_DEATH_SIGNAL = signal.SIGQUIT


class OrphanProofProcess:
    """A started program; it gets SIGQUIT when our process dies (on Linux).

    To the kernel the parent is the thread that forked, not the process. So a thread of its own starts the program and
    stays until its end: a caller in a thread pool may go without taking the server along.
    """

    def __init__(self, argv: Sequence[str | Path], account: Account, *, cwd: Path, output: int) -> None:
        self._argv = [str(word) for word in argv]
        self._account = account
        self._cwd = cwd
        self._output = output
        self._popen: subprocess.Popen[bytes] | None = None
        self._failure: OSError | None = None
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"waits for {Path(argv[0]).name}", daemon=True)
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            raise EmbeddedServerError(f"cannot start {argv[0]}: {self._failure}") from self._failure

    @property
    def pid(self) -> int:
        return self._running.pid

    def wait(self, timeout: float | None = None) -> int | None:
        """The exit code, or None when the program still runs after `timeout` seconds."""
        self._thread.join(timeout)
        return None if self._thread.is_alive() else self._running.returncode

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; one that has ended already is left alone."""
        if self._thread.is_alive():
            self._running.send_signal(number)

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        assert self._popen is not None
        return self._popen

    def _run(self) -> None:
        launcher = [sys.executable, "-I", "-S", str(_LAUNCHER)]
        numbers = (os.getpid(), self._account.uid, self._account.gid, int(_DEATH_SIGNAL))
        try:
            self._popen = subprocess.Popen(  # noqa: S603 -- programs of a bindir the user chose
                [*launcher, *map(str, numbers), *self._argv],
                cwd=self._cwd,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C in our terminal is ours to handle
            )
        except OSError as error:
            self._failure = error
        self._started.set()
        if self._popen is not None:
            self._popen.wait()


def _environment() -> dict[str, str]:
    """Ours without libpq's and the server's own variables; a given TZ saves initdb a search through all zones."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}
