"""What becomes of an index that no query uses: rebuilt, dropped, or waited for."""

from __future__ import annotations

import re
from enum import Enum, auto

from .snapshot import Index, Table

_LEFTOVER = re.compile(r"_cc(new|old)[0-9]*$")
_MAX_NAME_BYTES = 63


class IndexState(Enum):
    """Where an index stands, as far as the catalogs tell.

    `ABANDONED` and `LEFTOVER` are invalid and nobody's work: the first comes back by a rebuild, the second goes, since
    the index that it should have replaced is valid. `UNDER_WAY` is being built, rebuilt or dropped by somebody.
    `WAITING` is invalid and nothing to mend where it is: that of a partitioned table, until each partition has its
    part, or that of a table that is left alone.
    """

    USABLE = auto()
    ABANDONED = auto()
    LEFTOVER = auto()
    UNDER_WAY = auto()
    WAITING = auto()


def index_state(table: Table, index: Index) -> IndexState:
    """Where that index of the table stands."""
    if index.valid and index.ready:
        return IndexState.USABLE
    if table.kind != "r" or table.left_alone:
        return IndexState.WAITING
    if index.being_built:
        return IndexState.UNDER_WAY
    return IndexState.LEFTOVER if is_leftover(table, index.name) else IndexState.ABANDONED


def is_leftover(table: Table, name: str) -> bool:
    """Whether a failed REINDEX CONCURRENTLY left it: so called, and the index that it should have replaced is valid."""
    stem = _LEFTOVER.sub("", name)
    was_cut = len(name.encode()) > _MAX_NAME_BYTES - 4
    return stem != name and any(
        index.valid and (index.name == stem or (was_cut and index.name.startswith(stem))) for index in table.indexes
    )
