"""A table and the views on it in words: every object with what is said of it, to be compared before and after.

What a type change is meant to change is left out (the column's type, collation, storage, compression and default, the
bounds of its identity); what views show in place of the column follows from their definitions.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from ...catalog.reread import READ_ANEW
from ...catalog.snapshot import AttributeNumber, Oid
from ..composed import verbatim
from ..plan import Check
from .definition import literal
from .rereading import Name
from .strip import Strip

# Where a transaction keeps its words until its end: settings that it alone sees, and no relation.
_BEFORE = "pgmend.described_before"
_AFTER = "pgmend.described_after"
_FIRST_GROUP = "\\1"
_NOT_VALID = "() NOT VALID$"

Row = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Description:
    """What is to be described: a table, the column that changes, and what else is touched with it.

    `column_called` names the column where it is another one afterwards.
    """

    table: Oid
    column: AttributeNumber
    views: tuple[Name, ...]
    other_tables: tuple[Oid, ...]
    column_called: str | None = None

    @property
    def query(self) -> str:
        """Rows of root, object, aspect and what is said; the same however often PostgreSQL read and wrote it."""
        views = [sql.SQL("({}, {})").format(schema, name) for schema, name in self.views or (("", ""),)]
        words = _template().format(
            table=self._table,
            column=sql.Literal(self.column) if self.column_called is None else self._number(self.column_called),
            views=sql.SQL("({})").format(sql.SQL(", ").join(views)),
            others=sql.Literal(list(self.other_tables)),
        )
        said = _replaced("said", READ_ANEW)
        return f"select root, object, aspect, {said} as said from ({words.as_string()}) as d where said is not null"

    def _number(self, name: str) -> sql.Composed:
        return sql.SQL(
            "(select k.attnum from pg_catalog.pg_attribute k where k.attrelid = {}::oid and k.attname = {})"
        ).format(self._table, sql.Literal(name))

    @property
    def _table(self) -> sql.Composed:
        """The table's OID, so that a change of the table leaves the plan of the query as it is.

        A constant of type oid, and what is folded to one, counts as a relation that the plan stands on (setrefs.c).
        """
        return sql.SQL("(select pg_catalog.split_part({}, ':', 1))").format(sql.Literal(f"{self.table}::oid"))

    def kept_before(self) -> str:
        """The statement that keeps the description as it is before a change; `ahead` has to have run."""
        return _execute(_kept(_BEFORE, self.query))

    def kept_after(self) -> str:
        """The statement that keeps the description as it is after the change; `ahead` has to have run."""
        return _execute(_kept(_AFTER, self.query))

    @property
    def ahead(self) -> tuple[str, ...]:
        """What has to run in the same session before either is kept, outside of all locks.

        To plan such a query takes the server five times as long as to run it, so both are prepared and run once.
        """
        kept = [_kept(setting, self.query) for setting in (_BEFORE, _AFTER)]
        return (*map(_prepare, kept), *map(_execute, kept))

    async def read(self, connection: AsyncConnection[TupleRow]) -> tuple[Row, ...]:
        """The description now."""
        rows = await (await connection.execute(verbatim(self.query))).fetchall()
        return tuple((root, thing, aspect, said) for root, thing, aspect, said in rows)


def unchanged(strip: Strip) -> Check:
    """The check that both descriptions of the transaction say the same, but for casts of the column."""
    return Check(
        "everything that hangs on the column is as it was",
        _differences(_rows_of(_setting(_BEFORE), strip.patterns), _rows_of(_setting(_AFTER), strip.patterns)),
        "Definitions, owners, rights, comments and options of dependents, before and after.",
        in_transaction=True,
    )


def unchanged_but(strip: Strip, *, objects: Collection[str], aspects: Collection[tuple[str, str]]) -> Check:
    """The same without those objects, and without those aspects of others."""
    left_out = ", ".join(literal(each) for each in objects)
    apart = ", ".join(f"({literal(each)}, {literal(aspect)})" for each, aspect in aspects)
    kept = f"object not in ({left_out}) and (object, aspect) not in ({apart})"
    before, now = (
        f"select * from ({_rows_of(_setting(setting), strip.patterns)}) as kept where {kept}"
        for setting in (_BEFORE, _AFTER)
    )
    return Check(
        "everything that hangs on the column is as it was",
        _differences(before, now),
        "Definitions, owners, rights, comments and options of dependents, before and after.",
        in_transaction=True,
    )


def as_planned(planned: Sequence[Row], roots: Collection[str]) -> Check:
    """The check that objects under those roots are, before the change, what was read when the plan was made."""
    return Check(
        "what is made anew is as the plan saw it",
        _differences(_rows_of(_only(planned, roots)), _under(roots, _BEFORE)),
        "Objects changed since the plan was made.",
        in_transaction=True,
    )


def as_left(planned: Sequence[Row], roots: Collection[str], strip: Strip, *, apart: Collection[str] = ()) -> Check:
    """The check that objects under those roots are, before the undo, what the fix left; aspects `apart` do not count,
    and that of constraints neither which says whether all rows were looked at.
    """
    patterns = (*strip.patterns, _NOT_VALID)
    wanted = [row for row in planned if row[2] not in apart]
    now = _under(roots, _BEFORE, patterns)
    if apart:
        now += f" and aspect not in ({', '.join(literal(each) for each in apart)})"
    return Check(
        "what is made anew is as the fix left it",
        _differences(_rows_of(_only(wanted, roots), patterns), now),
        "Objects changed since the fix.",
        in_transaction=True,
    )


def as_before(planned: Sequence[Row], roots: Collection[str]) -> Check:
    """The check that objects under those roots are, after the undo, what they were before the fix, word for word."""
    return Check(
        "what was made anew is as it was before the fix",
        _differences(_rows_of(_only(planned, roots)), _under(roots, _AFTER)),
        "Objects that differ.",
        in_transaction=True,
    )


def _kept(setting: str, query: str) -> str:
    rows = (
        f"select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(root, object, aspect, said)) from ({query}) as now"
    )
    return f"select pg_catalog.length(pg_catalog.set_config('{setting}', coalesce(({rows}), '[]')::text, true))"


def _prepare(query: str) -> str:
    """The statement that prepares the query, unless the session has it prepared."""
    name = _name(query)
    body = (
        f"begin if not exists (select from pg_catalog.pg_prepared_statements where name = {literal(name)})"
        f" then execute {literal(f'prepare {name} as {query}')}; end if; end"
    )
    return f"do {literal(body)}"


def _execute(query: str) -> str:
    return f"execute {_name(query)}"


def _name(query: str) -> str:
    return f"pgmend_{sha256(query.encode()).hexdigest()[:16]}"


def _setting(name: str) -> str:
    return f"pg_catalog.current_setting('{name}')"


def _only(planned: Sequence[Row], roots: Collection[str]) -> str:
    """The planned rows under those roots, as JSON in an SQL literal."""
    return literal(json.dumps([row for row in planned if row[0] in roots], ensure_ascii=False))


def _rows_of(rows: str, patterns: Sequence[str] = ()) -> str:
    """A query for the rows that the JSON holds."""
    said = _replaced("e ->> 3", patterns)
    return (
        f"select e ->> 0 as root, e ->> 1 as object, e ->> 2 as aspect, {said} as said"
        f" from pg_catalog.jsonb_array_elements({rows}::pg_catalog.jsonb) as e"
    )


def _under(roots: Collection[str], setting: str, patterns: Sequence[str] = ()) -> str:
    listed = ", ".join(literal(root) for root in sorted(roots))
    return f"select * from ({_rows_of(_setting(setting), patterns)}) as kept where root in ({listed})"


def _replaced(said: str, patterns: Sequence[str]) -> str:
    for pattern in patterns:
        said = f"pg_catalog.regexp_replace({said}, {literal(pattern)}, {literal(_FIRST_GROUP)}, 'g')"
    return said


def _differences(before: str, now: str) -> str:
    """What rows the first query has and the second lacks (`gone`), and the other way round (`new`)."""
    return (
        f"with before as materialized ({before}), now as materialized ({now})"
        " select 'gone' as change, object, aspect, said from (table before except table now) as gone"
        " union all select 'new', object, aspect, said from (table now except table before) as new"
    )


@cache
def _template() -> sql.SQL:
    lines = Path(__file__).with_suffix(".sql").read_text().splitlines()
    return verbatim("\n".join(line for line in lines if not line.startswith("--")))
