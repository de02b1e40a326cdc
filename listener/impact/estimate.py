"""How long a statement's work keeps its lock, by the size of the table: a guess of the right order of magnitude.

Server CPU time of PostgreSQL 18 on one core, data in memory, rounded up: tables of 200,000 rows, narrow and wide. For
writing anew the figures are those of `fixes/retyping/rewrite_time.py`. Pages count more than they did there, since a
table of some size is not in memory.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from .commands import REWRITING, Sort
from .impact import Size

_REWRITE_MS_PER_ROW: Final = 0.0025
_REWRITE_MS_PER_PAGE: Final = 0.03
_REWRITE_MS_PER_INDEX_PAGE: Final = 0.15
_BUILD_MS_PER_ROW: Final = 0.001
_LOOK_UP_MS_PER_ROW: Final = 0.0005
_SCAN_MS_PER_ROW: Final = 0.0001
_SCAN_MS_PER_PAGE: Final = 0.02
_PAGE: Final = 8192
# What a table that nobody has analysed is taken for: rows of some 130 bytes.
_ROWS_PER_PAGE: Final = 60
_BUILDING: Final = frozenset({Sort.INDEX, Sort.REINDEX, Sort.KEY, Sort.EXCLUSION})


def work(sort: Sort, size: Size) -> timedelta:
    """How long that takes on a table of that size; for a drop of its index, how long building that would."""
    pages, index_pages = size.table_bytes / _PAGE, size.index_bytes / _PAGE
    rows = size.rows if size.rows is not None else pages * _ROWS_PER_PAGE
    if sort in REWRITING:
        total = rows * _REWRITE_MS_PER_ROW + pages * _REWRITE_MS_PER_PAGE + index_pages * _REWRITE_MS_PER_INDEX_PAGE
    elif sort is Sort.OTHER:
        total = 0.0
    else:
        per_row = _SCAN_MS_PER_ROW
        if sort in _BUILDING or sort is Sort.DROP_INDEX:
            per_row = _BUILD_MS_PER_ROW
        elif sort is Sort.FOREIGN_KEY:
            per_row = _LOOK_UP_MS_PER_ROW
        total = rows * per_row + pages * _SCAN_MS_PER_PAGE
    return timedelta(milliseconds=total)
