"""pgmend, or any program, run as a user runs it: as a process."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .forked import Forked

PGMEND = Path(sys.executable).with_name("pgmend")
_LONGEST_LINE = 1 << 24


@dataclass(frozen=True, slots=True)
class Finished:
    """What a process that ran to its end left."""

    code: int
    stdout: str
    stderr: str


class Process:
    """A running program; its lines are collected as they come."""

    def __init__(self, argv: Sequence[str], process: asyncio.subprocess.Process | Forked) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self.argv = argv
        self.stdout: list[str] = []
        self.stderr: list[str] = []
        self._process = process
        self._news = asyncio.Event()
        self._readers = asyncio.gather(
            self._collect(process.stdout, self.stdout), self._collect(process.stderr, self.stderr)
        )
        self._readers.add_done_callback(lambda _: self._news.set())

    @classmethod
    async def start(
        cls,
        argv: Sequence[str | Path],
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
        *,
        cold: bool = False,
    ) -> Process:
        """Start `argv` with `env` on top of our environment, which keeps nothing of libpq's or pgmend's settings.

        `stdin` is all that is ever answered to it; without, nobody answers. pgmend itself is forked from a server that
        has imported it, unless it is to start `cold`, as the installed script.
        """
        words = [str(word) for word in argv]
        environment = _environment() | dict(env or {})
        cold = cold or any(name.startswith("PYTHON") for name in env or {})  # which only a new interpreter reads
        if argv[0] == PGMEND and not cold:
            return cls(words, await Forked.start(words, environment, stdin, _LONGEST_LINE))
        process = await asyncio.create_subprocess_exec(
            *words,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=_LONGEST_LINE,
        )
        if process.stdin is not None and stdin is not None:
            process.stdin.write(stdin.encode())
            process.stdin.close()
        return cls(words, process)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.returncode is None

    async def line(self, pattern: str, seconds: float = 20.0) -> re.Match[str]:
        """The first match of `pattern` in a line of stdout or stderr, past lines included."""
        try:
            async with asyncio.timeout(seconds):
                while not (match := self._find(pattern)):
                    if self._readers.done():
                        raise AssertionError(f"{self} ended without a line like {pattern!r}:\n{self.output}")
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{self}: no line like {pattern!r} in {seconds} s:\n{self.output}") from None
        return match

    async def wait(self, seconds: float = 20.0) -> int:
        """The exit code."""
        try:
            async with asyncio.timeout(seconds):
                await asyncio.shield(self._readers)
                return await self._process.wait()
        except TimeoutError:
            raise AssertionError(f"{self} did not end in {seconds} s:\n{self.output}") from None

    async def terminate(self, seconds: float = 20.0) -> int:
        """Ask it to stop, as an init system does; the exit code."""
        self._process.send_signal(signal.SIGTERM)
        return await self.wait(seconds)

    async def kill(self) -> None:
        """kill -9, and wait for its end; one that has ended is left alone."""
        if self.is_running:
            self._process.kill()
        await self.wait()

    @property
    def output(self) -> str:
        """Everything it said so far."""
        return "\n".join([*self.stdout, *self.stderr])

    def __str__(self) -> str:
        return f"{Path(self.argv[0]).name} (pid {self.pid})"

    def _find(self, pattern: str) -> re.Match[str] | None:
        return next((match for line in (*self.stdout, *self.stderr) if (match := re.search(pattern, line))), None)

    async def _collect(self, stream: asyncio.StreamReader, lines: list[str]) -> None:
        async for line in stream:
            lines.append(line.decode(errors="replace").rstrip("\n"))
            self._news.set()


class Processes:
    """Starts processes for one test and leaves none behind."""

    def __init__(self, program: Sequence[str | Path] = (PGMEND,)) -> None:
        self._program = program
        self._started: list[Process] = []

    async def start(
        self,
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
        cold: bool = False,
    ) -> Process:
        """A process that goes on; killed at the end of the test if it still runs."""
        process = await Process.start([*self._program, *arguments], env, stdin, cold=cold)
        self._started.append(process)
        return process

    async def run(
        self,
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
        seconds: float = 60.0,
        cold: bool = False,
    ) -> Finished:
        """A process that ends by itself."""
        process = await self.start(*arguments, env=env, stdin=stdin, cold=cold)
        code = await process.wait(seconds)
        return Finished(code, "\n".join(process.stdout), "\n".join(process.stderr))

    async def close(self) -> None:
        for process in self._started:
            await process.kill()


def _environment() -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PG", "PGMEND_")) and name != "DATABASE_URL"
    }
    return kept | {"COLUMNS": "200", "PYTHONUNBUFFERED": "1"}
