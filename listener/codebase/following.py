"""Hears of files that are written. It is a bell and no more: what moved is found by looking."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

from watchfiles import Change, awatch  # pyright: ignore[reportUnknownVariableType]

POLL: Final = timedelta(seconds=2)
"""Where nobody can listen: the folder is gone, or the system has no room for so many."""
_GATHERED: Final = 60
_STEP: Final = 10
"""Milliseconds that writes belong together for, and between two looks at what the system tells."""


class Follower:
    """Rings whenever a file of the tree may have been written. Only folders that are read are listened to: no tree
    beside them (node_modules) costs anything."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._folders: tuple[Path, ...] = ()
        self._others = asyncio.Event()

    def listen_to(self, folders: Collection[Path]) -> None:
        """These from now on; those of the same name may be other ones."""
        self._folders = tuple(folders)
        self._others.set()

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            self._others.clear()
            if self._folders:
                # RuntimeError is what the library's own errors are.
                with suppress(OSError, RuntimeError):
                    await self._listen()
                    continue
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL.total_seconds()):
                    await self._others.wait()
            self._ring()

    async def _listen(self) -> None:
        """Ring until other folders are to be listened to."""
        async for _ in awatch(
            *self._folders,
            watch_filter=_concerns,
            recursive=False,
            debounce=_GATHERED,
            step=_STEP,
            stop_event=self._others,
        ):
            self._ring()


def _concerns(change: Change, path: str) -> bool:
    """Whether it may be code, what says which files are, or a folder."""
    name = path.rpartition("/")[2]
    if name.endswith((".py", ".sql")) or name == ".gitignore":
        return True
    return "." not in name if change is Change.deleted else Path(path).is_dir()
