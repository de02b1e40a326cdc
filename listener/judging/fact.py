"""Evidence that needs no weighing: what the catalogs say."""

from __future__ import annotations

from ..evidence import Evidence
from ..relations.weights import DECLARED


def fact(seen: str) -> Evidence:
    """A fact of the catalogs, as sure as a declaration."""
    return Evidence("catalog", DECLARED, seen)
