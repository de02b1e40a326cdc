"""What `pgmend analyze` and other commands share that read code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ...listener.source.extracted import Extraction

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
