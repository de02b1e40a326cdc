"""The process that keeps the code: `python -P -m pgmend.listener.codebase.worker`, spoken to over its standard streams.

It reads, follows and judges by itself, on one connection of its own, and tells what comes of it; the listener says when
the schema moved. It ends with its standard input.

    listener → worker   Begin once, then Moved and Asked
    worker → listener   Account after each look, Answered
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import signal
import sys
from collections.abc import Generator, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import IO, Final

import psycopg
from psycopg.rows import TupleRow

from ..connection import Connection, connect
from ..errors import CouldNotLook, InvalidRequest
from .account import HEADER, Account, Answered, Asked, Begin, Moved, frame
from .autofix import Autofix
from .codebase import Codebase
from .following import Follower
from .queries import spoken

LOOKED_AGAIN_AFTER: Final = timedelta(seconds=30)
"""Files, whether or not anybody told of them, and statements that could not be looked at."""
TRIED_AGAIN_AFTER: Final = timedelta(seconds=1)


class Worker:
    """Looks whenever files or the schema moved; what comes meanwhile is folded into the next look."""

    def __init__(self, begin: Begin, out: IO[bytes]) -> None:
        self._begin = begin
        self._out = out
        self._codebase = Codebase(begin.root, begin.settings)
        self._autofix = Autofix(begin.root, begin.settings)
        self._connection: Connection | None = None
        self._news = asyncio.Event()
        self._files = True
        self._moved = Moved(everything=True)
        self._trouble: str | None = None
        self._asked: list[Asked] = []
        self._follower = Follower(self._files_moved)
        self._listened: Mapping[Path, int] = {}

    async def run(self, commands: asyncio.StreamReader) -> None:
        """Work until the commands end."""
        async with asyncio.TaskGroup() as group:
            looking = [
                group.create_task(self._look(), name="look"),
                group.create_task(self._follower.run(), name="follow"),
            ]
            await self._hear(commands)
            for task in looking:
                task.cancel()
        if self._connection is not None:
            await self._connection.close()

    def _files_moved(self) -> None:
        self._files = True
        self._news.set()

    async def _hear(self, commands: asyncio.StreamReader) -> None:
        while True:
            try:
                (length,) = HEADER.unpack(await commands.readexactly(HEADER.size))
                message = pickle.loads(await commands.readexactly(length))  # noqa: S301 - of our own listener
            except asyncio.IncompleteReadError:
                return
            if isinstance(message, Asked):
                # What was written a moment ago, and nobody rang for yet, is seen all the same.
                self._asked.append(message)
                self._files_moved()
                continue
            assert isinstance(message, Moved)
            self._moved = Moved({**self._moved.names, **message.names}, self._moved.everything or message.everything)
            self._news.set()

    def _answer(self, *, gone: bool = False) -> None:
        while self._asked:
            number, touched = self._asked.pop()
            self._send(Answered(number, None if gone else spoken(self._codebase.extraction, touched)))

    async def _look(self) -> None:
        patience = timedelta()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience.total_seconds()):
                    await self._news.wait()
            if not self._news.is_set():
                self._files = True
                self._codebase.unseen_again()
            self._news.clear()
            patience = await self._one_look()

    async def _one_look(self) -> timedelta:
        """Look once, and tell; for how long nothing is to be done then."""
        moved, self._moved = self._moved, Moved()
        try:
            self._reread()
            self._answer()
            self._codebase.touch(moved)
            connection = await self._connected()
            self._tell(await self._codebase.look(connection, moved))
            wait = await self._autofix.mend(connection, self._codebase.extraction, self._codebase.issues)
            if wait is not None:
                return min(wait, LOOKED_AGAIN_AFTER)
        except InvalidRequest as gone:
            self._answer(gone=True)
            self._tell_trouble(str(gone))
            self._codebase.touch(moved)
        except (CouldNotLook, psycopg.OperationalError) as error:
            self._moved = Moved({**moved.names, **self._moved.names}, moved.everything or self._moved.everything)
            self._tell_trouble(f"the database is out of reach: {str(error).strip()}")
            return TRIED_AGAIN_AFTER
        return LOOKED_AGAIN_AFTER

    def _reread(self) -> None:
        if not self._files:
            return
        try:
            if self._codebase.has_moved():
                self._codebase.read()
        finally:
            self._files = False
            if self._codebase.folders != self._listened:
                self._listened = self._codebase.folders
                self._follower.listen_to(self._listened)

    async def _connected(self) -> psycopg.AsyncConnection[TupleRow]:
        if self._connection is None or self._connection.closed:
            self._connection = await connect(self._begin.dsn, "code")
        return self._connection

    def _tell_trouble(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            self._send(Account(self._codebase.figures(trouble)))

    def _tell(self, account: Account) -> None:
        self._trouble = None
        self._send(account)

    def _send(self, message: object) -> None:
        self._out.write(frame(message))
        self._out.flush()


@contextlib.contextmanager
def _streams() -> Generator[tuple[IO[bytes], IO[bytes]]]:
    """Ours for messages; whoever prints, prints to standard error."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    # Who reads files with us holds no end of it, or nobody would hear of our end.
    os.register_at_fork(after_in_child=partial(_let_go, out.fileno()))
    with out:
        yield sys.stdin.buffer, out


def _let_go(descriptor: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor, inheritable=False)
    os.close(nowhere)


async def _main(stdin: IO[bytes], out: IO[bytes], begin: Begin) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), stdin)
    await Worker(begin, out).run(reader)


def main() -> None:
    """Work until standard input ends."""
    # Whoever sends these means the listener, which then ends our input.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    with _streams() as (stdin, out):
        # Not beyond it: the rest is asyncio's.
        descriptor = stdin.fileno()
        (length,) = HEADER.unpack(_exactly(descriptor, HEADER.size))
        begin = pickle.loads(_exactly(descriptor, length))  # noqa: S301 - of our own listener
        try:
            asyncio.run(_main(stdin, out, begin))
        except* BrokenPipeError:
            # Nobody is there any more who could be told anything.
            os._exit(0)


def _exactly(descriptor: int, length: int) -> bytes:
    content = b""
    while len(content) < length:
        piece = os.read(descriptor, length - len(content))
        if not piece:
            raise SystemExit(0)
        content += piece
    return content


if __name__ == "__main__":
    main()
