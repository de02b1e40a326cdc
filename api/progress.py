"""What somebody waits for, said once it has lasted a second: a spinner for people, a line now and then for logs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress

from rich.console import Console
from rich.text import Text

from .report.printable import one_line

_SILENT_SECONDS = 1.0
_SPINNER_SECONDS = 0.25
_LINE_SECONDS = 10.0


@asynccontextmanager
async def waiting(console: Console, what: Callable[[], str]) -> AsyncGenerator[None]:
    """Say on `console` what the block is at, `what()`, and for how long, as soon as it lasts."""
    telling = asyncio.create_task(_tell(console, what), name="progress")
    try:
        yield
    finally:
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling


async def _tell(console: Console, what: Callable[[], str]) -> None:
    started = time.monotonic()

    def line() -> Text:
        return Text(f"{one_line(what())} ({time.monotonic() - started:.0f} s)")

    await asyncio.sleep(_SILENT_SECONDS)
    if console.is_terminal:
        with console.status(line()) as status:
            while True:
                await asyncio.sleep(_SPINNER_SECONDS)
                status.update(line())
    while True:
        console.print(line())
        await asyncio.sleep(_LINE_SECONDS)
