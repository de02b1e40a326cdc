"""Probes: read-only queries that look a link's values up in its key, by built-in operators alone.

A value that cannot be written in the key's type is counted, never cast: every cast stands behind a guard that the cast
cannot fail on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from psycopg import sql

from ..catalog.snapshot import Oid
from ..hand import MARK
from .families import BLANK_PADDED, INTEGERS, NUMERIC, TEXTS, UUID

LONGEST_WHOLE = 36
"""Examples longer than a uuid are cut: what long values hold (tokens) should not be shown around."""

MOST_EXAMPLES = 5

_SPACE = r"[ \t\n\r\f\v]*"
_INTEGER = rf"^{_SPACE}[-+]?[0-9]{{1,18}}{_SPACE}$"
_DECIMAL = rf"^{_SPACE}[-+]?[0-9]{{1,60}}(\.[0-9]{{1,60}})?{_SPACE}$"
_UUID = r"^([0-9a-fA-F]{4}-?){7}[0-9a-fA-F]{4}$|^\{([0-9a-fA-F]{4}-?){7}[0-9a-fA-F]{4}\}$"
_TEXTUAL = frozenset({*TEXTS, BLANK_PADDED})


@dataclass(frozen=True, slots=True)
class Pair:
    """A referring column and its key column: their names and types."""

    column: str
    column_type: Oid
    key_column: str
    key_type: Oid


@dataclass(frozen=True, slots=True)
class Target:
    """The two relations of a link as the catalogs name them now. A partitioned table is read with its partitions."""

    table: tuple[str, str]
    partitioned: bool
    key_table: tuple[str, str]
    key_partitioned: bool
    pairs: tuple[Pair, ...]
    assured: tuple[Oid, ...] = ()
    """Tables whose names may lead elsewhere by the time they are read; a function in the query looks at that."""


def sampling(target: Target, *, limit: int, percent: float | None = None) -> sql.Composed:
    """Rows, orphans, uncastable rows, distinct values and examples among at most `limit` rows.

    `percent` takes a sample of the table's pages; without it the first rows are taken. Each value is looked up by the
    key's index, so that the key table's size does not matter.
    """
    sample = WHOLE if target.assured else sql.SQL("")
    if percent is not None:
        sample = sql.SQL(" tablesample system ({}) repeatable (7)").format(sql.Literal(percent))
    values = [sql.SQL("j.{}").format(value(place)) for place in range(len(target.pairs))]
    return _SAMPLING.format(
        values=_values(target),
        source=source(target.table, target.partitioned, "t"),
        sample=sample,
        present=_present(target),
        limit=sql.Literal(limit),
        keys=_keys(target),
        uncastable=_uncastable(target),
        found=_found(target) if target.assured else sql.SQL("k.found"),
        join=(_JOIN if target.assured else _LOOK_UP).format(key_source=_key_source(target), matches=_matches(target)),
        distinct=values[0] if len(values) == 1 else sql.SQL("row({})").format(listed(values)),
        shown=shown(len(target.pairs)),
        most=sql.Literal(MOST_EXAMPLES),
    )


def counting(target: Target) -> sql.Composed:
    """Rows, orphans, uncastable rows and two examples, of all rows."""
    return _COUNTING.format(
        values=_values(target),
        source=source(target.table, target.partitioned, "t"),
        sample=WHOLE if target.assured else sql.SQL(""),
        present=_present(target),
        keys=_keys(target),
        uncastable=_uncastable(target),
        found=_found(target),
        join=_JOIN.format(key_source=_key_source(target), matches=_matches(target)),
        shown=shown(len(target.pairs)),
    )


# Of all pages: but it is refused for views, whose expressions would be evaluated before anything else is.
WHOLE = sql.SQL(" tablesample pg_catalog.system (100)")
_JOIN = sql.SQL("left join {key_source} on {matches}")
_LOOK_UP = sql.SQL("left join lateral (select true as found from {key_source} where {matches} limit 1) as k on true")
_SAMPLING = sql.SQL(
    MARK
    + """, v as materialized (
  select {values} from {source}{sample} where {present} limit {limit}
), c as materialized (
  select v.*, {keys} from v
), j as materialized (
  select c.*, {uncastable} as uncastable, {found} is null as missing
  from c {join}
)
select pg_catalog.count(*), pg_catalog.count(*) filter (where j.missing and not j.uncastable),
  pg_catalog.count(*) filter (where j.uncastable), pg_catalog.count(distinct {distinct}),
  (pg_catalog.array_agg(distinct {shown}) filter (where j.missing))[1:{most}]
from j
"""
)
_COUNTING = sql.SQL(
    MARK
    + """, v as not materialized (
  select {values} from {source}{sample} where {present}
), c as not materialized (
  select v.*, {keys} from v
), j as not materialized (
  select c.*, {uncastable} as uncastable, {found} is null as missing
  from c {join}
)
select pg_catalog.count(*), pg_catalog.count(*) filter (where j.missing and not j.uncastable),
  pg_catalog.count(*) filter (where j.uncastable),
  pg_catalog.min({shown} collate "C") filter (where j.missing),
  pg_catalog.max({shown} collate "C") filter (where j.missing)
from j
"""
)


def source(name: tuple[str, str], partitioned: bool, alias: str) -> sql.Composed:
    """A plain table without its inheritance children, as foreign keys see it."""
    only = sql.SQL("" if partitioned else "only ")
    return sql.SQL("{}{} as {}").format(only, sql.Identifier(*name), sql.Identifier(alias))


def _key_source(target: Target) -> sql.Composed:
    key_source = source(target.key_table, target.key_partitioned, "k")
    return key_source + WHOLE if target.assured else key_source


def _found(target: Target) -> sql.Composed:
    return sql.SQL("k.{}").format(sql.Identifier(target.pairs[0].key_column))


def _values(target: Target) -> sql.Composed:
    return listed(
        sql.SQL("t.{} as {}").format(sql.Identifier(pair.column), value(place))
        for place, pair in enumerate(target.pairs)
    )


def _present(target: Target) -> sql.Composed:
    columns = (sql.Identifier("t", pair.column) for pair in target.pairs)
    terms = [sql.SQL("{} is not null").format(column) for column in columns]
    return sql.SQL(" and ").join([*map(assured, target.assured), *terms])


def assured(table: Oid) -> sql.Composed:
    """Raises while the query is planned, once its names are resolved and before any index is opened."""
    return sql.SQL("pgmend.assure_harmless({}::pg_catalog.oid, {})").format(sql.Literal(table), sql.Literal(2**62))


def _keys(target: Target) -> sql.Composed:
    """Each value in its key's type, or null."""
    return listed(
        sql.SQL("{} as {}").format(_cast(pair, sql.SQL("v.{}").format(value(place))), _key(place))
        for place, pair in enumerate(target.pairs)
    )


def _uncastable(target: Target) -> sql.Composed:
    nulls = (sql.SQL("c.{} is null").format(_key(place)) for place in range(len(target.pairs)))
    return sql.SQL("({})").format(sql.SQL(" or ").join(nulls))


def _matches(target: Target) -> sql.Composed:
    terms = [
        sql.SQL("k.{} operator(pg_catalog.=) c.{}").format(sql.Identifier(pair.key_column), _key(place))
        for place, pair in enumerate(target.pairs)
    ]
    return sql.SQL(" and ").join([*map(assured, target.assured), *terms])


def shown(columns: int) -> sql.Composed:
    """The first so many values of `j` as an example shows them."""
    parts = [sql.SQL("j.{}::pg_catalog.text").format(value(place)) for place in range(columns)]
    text = parts[0] if len(parts) == 1 else sql.SQL("pg_catalog.concat_ws(', ', {})").format(listed(parts))
    return sql.SQL(
        "(case when pg_catalog.length({0}) operator(pg_catalog.>) {1}"
        " then pg_catalog.left({0}, 8) operator(pg_catalog.||) '…' else {0} end)"
    ).format(text, sql.Literal(LONGEST_WHOLE))


def _cast(pair: Pair, value: sql.Composed) -> sql.Composed:
    """The value in the key's type, or null where it cannot be written in it."""
    ours, theirs = pair.column_type, pair.key_type
    if ours == theirs or {ours, theirs} <= INTEGERS or {ours, theirs} <= TEXTS:
        return value
    text = sql.SQL("{}::pg_catalog.text").format(value)
    if theirs == BLANK_PADDED:
        return sql.SQL("{}::pg_catalog.bpchar").format(text)
    if theirs in TEXTS:
        return text
    if ours in _TEXTUAL:
        return _from_text(text, theirs)
    return _whole_number(value) if ours == NUMERIC else sql.SQL("{}::pg_catalog.numeric").format(value)


def _from_text(text: sql.Composed, theirs: Oid) -> sql.Composed:
    if theirs in INTEGERS:
        pattern, wanted = _INTEGER, sql.SQL("pg_catalog.int8")
    elif theirs == UUID:
        pattern, wanted = _UUID, sql.SQL("pg_catalog.uuid")
    else:
        pattern, wanted = _DECIMAL, sql.SQL("pg_catalog.numeric")
    return sql.SQL("case when {0} operator(pg_catalog.~) {1} then {0}::{2} end").format(
        text, sql.Literal(pattern), wanted
    )


def _whole_number(value: sql.Composed) -> sql.Composed:
    return sql.SQL(
        "case when {0} operator(pg_catalog.=) pg_catalog.trunc({0})"
        " and pg_catalog.abs({0}) operator(pg_catalog.<) 9e18 then {0}::pg_catalog.int8 end"
    ).format(value)


def value(place: int) -> sql.Identifier:
    """What a query calls the value of the column at that place."""
    return sql.Identifier(f"value_{place}")


def _key(place: int) -> sql.Identifier:
    return sql.Identifier(f"key_{place}")


def listed(parts: Iterable[sql.Composable]) -> sql.Composed:
    """With commas between them."""
    return sql.SQL(", ").join(parts)
