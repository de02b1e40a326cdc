"""The command line in a process forked from a server that has imported all of it: in milliseconds what takes a second.

A process of its own all the same: own pid, signals, folder, environment, streams and exit code.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Self

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.support.preloaded"])


class Forked:
    """`pgmend` with those words, with what asyncio's own processes have."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], streams: Sequence[Connection]) -> None:
        self._process = FORKS.Process(target=_become, args=(list(words), dict(environment), Path.cwd(), *streams))
        self._process.start()
        self._ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._process.sentinel, self._end)
        self.stdin: asyncio.StreamWriter | None = None
        self.stdout: asyncio.StreamReader
        self.stderr: asyncio.StreamReader

    @classmethod
    async def start(cls, words: Sequence[str], environment: Mapping[str, str], stdin: str | None, limit: int) -> Self:
        """A process with pipes to it; `stdin` is all that is ever answered to it, without it nobody answers."""
        with ExitStack() as theirs:
            answers = theirs.enter_context(_question(stdin))
            readers: list[asyncio.StreamReader] = []
            streams: list[Connection] = []
            for _ in range(2):
                read, write = os.pipe()
                streams.append(theirs.enter_context(Connection(write, readable=False)))
                readers.append(await _reader(read, limit))
            forked = cls(words, environment, (answers, *streams))
        forked.stdout, forked.stderr = readers
        return forked

    @property
    def pid(self) -> int:
        pid = self._process.pid
        assert pid is not None
        return pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        await self._ended.wait()
        self._process.join()
        code = self._process.exitcode
        assert code is not None
        return code

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._process.sentinel)
        self._ended.set()


async def _reader(descriptor: int, limit: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit)
    pipe = os.fdopen(descriptor, "rb", buffering=0)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader


def _question(answers: str | None) -> Connection:
    """The reading end of a pipe that holds all answers: a few words, less than a pipe takes at once."""
    if answers is None:
        return Connection(os.open(os.devnull, os.O_RDONLY), writable=False)
    read, write = os.pipe()
    os.write(write, answers.encode())
    os.close(write)
    return Connection(read, writable=False)


def _become(
    words: list[str],
    environment: dict[str, str],
    folder: Path,
    stdin: Connection,
    stdout: Connection,
    stderr: Connection,
) -> None:
    """What exec would have done, then the console script. Ctrl-C reaches it, also where tests run in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, stream in enumerate((stdin, stdout, stderr)):
        os.dup2(stream.fileno(), number)
        stream.close()
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115
        for number, mode, errors in ((0, "r", "strict"), (1, "w", "strict"), (2, "w", "backslashreplace"))
    )
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(write_through=True)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = words
    from pgmend.api.cli.app import main  # noqa: PLC0415 -- only in the process that it becomes

    main()
