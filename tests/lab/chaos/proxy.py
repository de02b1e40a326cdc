"""A TCP proxy between the listener and its server, which can cut every connection or let them hang half open."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self

_CHUNK = 1 << 16


class FaultProxy:
    """Listens on a free port of 127.0.0.1 and hands on to `port` there, as long as it is not told otherwise."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._server: asyncio.Server | None = None
        self._flows: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._passing = asyncio.Event()
        self._passing.set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        self._passing.set()
        for flow in self._flows:
            flow.cancel()
        await asyncio.gather(*self._flows, return_exceptions=True)

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def cut(self) -> None:
        """Reset every connection, on both sides, without a word."""
        for writer in self._writers:
            writer.transport.abort()

    def hold(self) -> None:
        """Hand nothing on, and close nothing: who waits for an answer waits, and the server hears of no end."""
        self._passing.clear()

    def let_go(self) -> None:
        """Hand on again what was held."""
        self._passing.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self._passing.wait()
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            self._writers.discard(writer)
            return
        self._writers.add(there_writer)
        there = asyncio.create_task(self._hand_on(reader, there_writer), name="to the server")
        back = asyncio.create_task(self._hand_on(there_reader, writer), name="from the server")
        self._flows |= {there, back}
        await asyncio.wait({there, back})
        self._flows -= {there, back}
        self._writers -= {writer, there_writer}

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Everything from one side to the other until either ends; then both end."""
        with suppress(ConnectionError):
            while data := await reader.read(_CHUNK):
                await self._passing.wait()
                writer.write(data)
                await writer.drain()
        writer.close()
