"""Read-only queries for rows that repeat others in the columns of a key; values are compared by built-in operators."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from psycopg import sql

from ..catalog.snapshot import Oid
from ..hand import MARK
from .probe import MOST_EXAMPLES, WHOLE, assured, listed, shown, source, value
from .uniqueness import Uniqueness


@dataclass(frozen=True, slots=True)
class Repeated:
    """A table and the columns of a key as the catalogs name them now; `assured` is as in `probe.Target`."""

    table: tuple[str, str]
    partitioned: bool
    columns: tuple[str, ...]
    key: Uniqueness
    assured: tuple[Oid, ...] = ()


def sampling_repetitions(of: Repeated, *, limit: int, percent: float | None = None) -> sql.Composed:
    """Rows, values that are there more than once, rows too many and examples, among at most `limit` rows.

    `percent` takes a sample of the table's pages; without it the first rows are taken.
    """
    sample = WHOLE if of.assured else sql.SQL("")
    if percent is not None:
        sample = sql.SQL(" tablesample pg_catalog.system ({}) repeatable (7)").format(sql.Literal(percent))
    return _REPETITIONS.format(
        materialized=sql.SQL("materialized"),
        values=_values(of),
        source=source(of.table, of.partitioned, "t"),
        sample=sample,
        present=_present(of),
        limit=sql.SQL(" limit {}").format(sql.Literal(limit)),
        grouped=_grouped(of),
        examples=_several(of),
    )


def counting_repetitions(of: Repeated) -> sql.Composed:
    """The same of all rows."""
    return _REPETITIONS.format(
        materialized=sql.SQL("not materialized"),
        values=_values(of),
        source=source(of.table, of.partitioned, "t"),
        sample=WHOLE if of.assured else sql.SQL(""),
        present=_present(of),
        limit=sql.SQL(""),
        grouped=_grouped(of),
        examples=_two(of),
    )


_REPETITIONS = sql.SQL(
    MARK
    + """, v as {materialized} (
  select {values} from {source}{sample} where {present}{limit}
), j as not materialized (
  select {grouped}, pg_catalog.count(*) as times from v group by {grouped}
)
select coalesce(pg_catalog.sum(j.times), 0)::pg_catalog.int8,
  pg_catalog.count(*) filter (where j.times operator(pg_catalog.>) 1),
  coalesce(pg_catalog.sum(j.times operator(pg_catalog.-) 1), 0)::pg_catalog.int8,
  {examples}
from j
"""
)
_REPEATED = sql.SQL("filter (where j.times operator(pg_catalog.>) 1)")


def _values(of: Repeated) -> sql.Composed:
    return listed(
        sql.SQL("t.{} as {}").format(sql.Identifier(column), value(place)) for place, column in enumerate(of.columns)
    )


def _grouped(of: Repeated) -> sql.Composed:
    return listed(value(place) for place in range(len(of.columns)))


def _present(of: Repeated) -> sql.Composed:
    terms: list[sql.Composable] = [assured(table) for table in of.assured]
    columns = [sql.Identifier("t", column) for column in of.columns]
    if of.key.whole:
        terms.append(sql.SQL("({})").format(_joined(" or ", (_is_there(column) for column in columns))))
    elif not of.key.one_null:
        terms += [_is_there(column) for column in columns]
    return _joined(" and ", terms or [sql.SQL("true")])


def _is_there(column: sql.Identifier) -> sql.Composed:
    return sql.SQL("{} is not null").format(column)


def _joined(word: str, terms: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL(word).join(terms)  # pyright: ignore[reportArgumentType] - one of two words above


def _several(of: Repeated) -> sql.Composed:
    """A few values of a key; of whole rows none, which may hold anything."""
    if of.key.whole:
        return sql.SQL("null").format()
    return sql.SQL("(pg_catalog.array_agg(distinct {}) {})[1:{}]").format(
        shown(len(of.columns)), _REPEATED, sql.Literal(MOST_EXAMPLES)
    )


def _two(of: Repeated) -> sql.Composed:
    if of.key.whole:
        return sql.SQL("null").format()
    text = shown(len(of.columns))
    return sql.SQL('array[pg_catalog.min({0} collate "C") {1}, pg_catalog.max({0} collate "C") {1}]').format(
        text, _REPEATED
    )
