"""How long ALTER TYPE would keep everybody from a table, estimated from its size.

The figures are server CPU time of PostgreSQL 15 and 18 on one core of 2.6 GHz, data in memory, rounded up: tables of
20,000 and 100,000 rows, narrow and wide, with one index and with four, to and from int4, int8, text, uuid and numeric.
The dearest column was text to uuid. They are a guess for other machines; what is wanted is the order of magnitude.
"""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...catalog.snapshot import Oid
from ..dependents import Dependents
from .casts import Cast

_FIXED_MS = 16.0  # mostly the description of dependents, which is planned before: read twice and compared
_REWRITE_MS_PER_ROW = 0.0025
_CHECK_MS_PER_ROW = 0.002
_DEAR_CHECK_MS_PER_ROW = 0.008
_MS_PER_PAGE = 0.03
_MS_PER_INDEX_PAGE = 0.15
# ANALYZE reads at most 300 times the statistics target of rows, of as many pages.
_ANALYZE_MOST = 30_000
_ANALYZE_MS_PER_PAGE = 0.015
_ANALYZE_MS_PER_ROW = 0.001
_DEAR_FAMILIES = frozenset({"uuid", "date", "timestamp", "json", "jsonb"})
# What a table that nobody has analysed is taken for: rows of some 130 bytes.
_ROWS_PER_PAGE = 60

_SIZE = """
select pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::int8,
  pg_catalog.pg_indexes_size(c.oid) / pg_catalog.current_setting('block_size')::int8, c.reltuples::float8, c.relpages
from pg_catalog.pg_class c where c.oid = %s::oid
"""


@dataclass(frozen=True, slots=True)
class Size:
    """Pages of the table and of all its indexes, and its rows: an estimate, or counted."""

    pages: int
    index_pages: int
    rows: int


async def size_of(connection: AsyncConnection[TupleRow], table: Oid) -> Size:
    """The table's size now, with rows as dense as they were at the last ANALYZE."""
    row = await (await connection.execute(_SIZE, (table,))).fetchone()
    assert row is not None
    pages, index_pages, rows_then, pages_then = row
    density = rows_then / pages_then if rows_then >= 0 and pages_then > 0 else _ROWS_PER_PAGE
    return Size(pages, index_pages, round(density * pages))


def milliseconds_rewritten(size: Size) -> float:
    """How long it takes to write the table anew, with all its indexes."""
    return size.rows * _REWRITE_MS_PER_ROW + size.pages * _MS_PER_PAGE + size.index_pages * _MS_PER_INDEX_PAGE


def milliseconds_locked(size: Size, cast: Cast, dependents: Dependents, *, analyzed: bool) -> float:
    """How long the transaction holds its lock: proof under the lock, rewrite with all indexes, constraints, ANALYZE."""
    total = _FIXED_MS + size.rows * dependents.ms_per_row
    if not cast.always_exact:
        dear = _DEAR_FAMILIES & {cast.source.family, cast.target.family}
        total += size.rows * (_DEAR_CHECK_MS_PER_ROW if dear else _CHECK_MS_PER_ROW) + size.pages * _MS_PER_PAGE
    if cast.needs_rewrite:
        total += milliseconds_rewritten(size)
    if analyzed:
        total += min(size.pages, _ANALYZE_MOST) * _ANALYZE_MS_PER_PAGE
        total += min(size.rows, _ANALYZE_MOST) * _ANALYZE_MS_PER_ROW
    return total
