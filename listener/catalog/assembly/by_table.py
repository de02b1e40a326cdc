"""Parts of tables, put together by the table that they are of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from operator import eq
from typing import Any, TypeVar

from ..snapshot import Oid

Part = TypeVar("Part")


def by_table(tables: Sequence[Oid], parts: Iterable[Part]) -> dict[Oid, tuple[Part, ...]]:
    """The parts of each table, in their order; `tables` says for each part whose it is.

    Those of one table mostly come together, as an index on the catalog gives them: then they only need cutting.
    """
    counts = Counter(tables)
    if not all(map(eq, counts.elements(), tables)):
        tables, parts = _together(tables, parts)
        counts = Counter(tables)
    rest = iter(parts)
    return {table: tuple(islice(rest, count)) for table, count in counts.items()}


def sorted_by_table(tables: Sequence[Oid], parts: Iterable[Any]) -> dict[Oid, tuple[Any, ...]]:
    """The same, and the parts of each table sorted."""
    return {table: tuple(sorted(each)) if len(each) > 1 else each for table, each in by_table(tables, parts).items()}


def _together(tables: Sequence[Oid], parts: Iterable[Part]) -> tuple[list[Oid], list[Part]]:
    held = list(parts)
    order = sorted(range(len(held)), key=tables.__getitem__)
    return [tables[at] for at in order], [held[at] for at in order]
