"""What a command tells on standard error while it lasts: standard output is for what was asked."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def stderr() -> Console:
    """Standard error, as wide as it is."""
    from ..report.paper import paper

    return paper(stderr=True)


def telling(what: Callable[[], str] | str) -> AbstractContextManager[None]:
    """Say what the block is at as soon as it lasts over a second."""
    from ..progress import waiting

    return waiting(stderr(), (lambda: what) if isinstance(what, str) else what)
