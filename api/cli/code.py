"""What `pgmend analyze` and other commands share that read code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .asking import mustered

if TYPE_CHECKING:
    from ...listener.settings import Settings
    from ...listener.source.extracted import Extraction
    from ...listener.source.panel import Panel

NoCacheOption = Annotated[
    bool, typer.Option("--no-cache", help="Read every file anew, and keep nothing in the folder of this user's caches.")
]


def read_code(path: Path, exclude: Sequence[str], *, keeping: bool) -> Extraction:
    """The statements of the code; with `keeping`, what did not change since the last run is not read again."""
    from ...listener.source.extraction import extract
    from ...listener.source.reading import Reader
    from ...listener.source.shelf import Shelf

    shelf = Shelf.of_user() if keeping else None
    found = extract(path, exclude, Reader(shelf))
    if shelf is not None and shelf.complaint is not None:
        typer.echo(f"pgmend: the cache of code: {shelf.complaint}; --no-cache does without", err=True)
    return found


def mustered_panel(settings: Settings, select: Sequence[str] | None, ignore: Sequence[str] | None) -> Panel:
    """What is judged in code by settings and flags; a wrong setting of any rule is an error as for `pgmend check`."""
    from ...listener.source.panel import Panel

    mustered(settings)
    return Panel.muster(settings, select or (), ignore or ())
