"""The listener's end of the process that keeps the code."""

from __future__ import annotations

import asyncio
import pickle
import sys
from datetime import timedelta
from types import TracebackType
from typing import Final, Self

from .account import HEADER, Begin, frame

_LAST_WORD: Final = timedelta(seconds=2)
_LOADED_AT_ONCE: Final = 1 << 15
"""Bytes that are made values of before anybody waits for the loop."""


class CodeProcess:
    """One such process for the length of an `async with`. What is told it is heard in the order in which it is told."""

    def __init__(self, begin: Begin) -> None:
        self._begin = begin
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        # -P: what lies in the folder where the listener was started is none of its modules.
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "pgmend.listener.codebase.worker"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        # Over the pipe: anybody may read how a process was started.
        self.tell(self._begin)
        return self

    def tell(self, message: object) -> None:
        """Send it, whether or not the process is still there."""
        if self._process is not None and self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(frame(message))

    async def hear(self) -> object:
        """The next thing that it says; raises EOFError once it has ended."""
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            (length,) = HEADER.unpack(await self._read(HEADER.size))
            content = await self._read(length)
        except asyncio.IncompleteReadError as error:
            raise EOFError("the process that reads code has ended") from error
        if length < _LOADED_AT_ONCE:
            return pickle.loads(content)  # noqa: S301 - of our own process
        return await asyncio.to_thread(pickle.loads, content)

    async def _read(self, size: int) -> bytes:
        """So many bytes; EOFError, too, where it has ended and somebody else holds its pipe open."""
        assert self._process is not None
        assert self._process.stdout is not None
        reading = asyncio.ensure_future(self._process.stdout.readexactly(size))
        try:
            while not reading.done():
                # Its wait() is over only when the pipe is closed, too.
                ended = self._process.returncode is not None
                await asyncio.wait([reading], timeout=_LAST_WORD.total_seconds())
                if ended and not reading.done():
                    raise EOFError("the process that reads code has ended")
            return reading.result()
        finally:
            reading.cancel()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let it end, or end it: it holds nothing that is not the server's or the files'."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(_LAST_WORD.total_seconds()):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
