"""What somebody waits for, said once it has lasted a second: a spinner for people, a line now and then for logs."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import Event, Thread

from rich.console import Console
from rich.text import Text

from .report.printable import one_line

_SILENT_SECONDS = 1.0
_SPINNER_SECONDS = 0.25
_LINE_SECONDS = 10.0


@contextmanager
def waiting(console: Console, what: Callable[[], str]) -> Generator[None]:
    """Say on `console` what the block is at, `what()`, and for how long, as soon as it lasts.

    A thread of its own says it: what lasts may hold the event loop, or need none.
    """
    over = Event()
    telling = Thread(target=_tell, args=(console, what, over), name="progress", daemon=True)
    telling.start()
    try:
        yield
    finally:
        over.set()
        telling.join()


def _tell(console: Console, what: Callable[[], str], over: Event) -> None:
    started = time.monotonic()

    def line() -> Text:
        return Text(f"{one_line(what())} ({time.monotonic() - started:.0f} s)")

    if over.wait(_SILENT_SECONDS):
        return
    if console.is_terminal:
        with console.status(line()) as status:
            while not over.wait(_SPINNER_SECONDS):
                status.update(line())
        return
    while True:
        console.print(line())
        if over.wait(_LINE_SECONDS):
            return
