"""Statements that fail once after a fix in every session that keeps them prepared: what they give back is another.

The server plans a prepared statement anew when its tables change, yet refuses where names or types of its results would
be others than it once told: 0A000, "cached plan must not change result type". Drivers prepare by themselves what is run
often, and some prepare again after that error; a transaction is lost all the same. It is forecast, and stops nobody:
what a restore gives back is what those statements were written for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..catalog.snapshot import AttributeNumber, Oid
from ..relations.wording import count
from ..remedy import ChangeColumnType, RestoreObject
from ..settings import SEEN_FOR
from ..statements.description import Described, describe
from ..statements.known import known_statements
from ..statements.statement import Known, Origin, Statement, StatementSource
from ..statements.touched import read_touched
from .plan import Plan, Proof, Verdict
from .sqlstates import in_words

NAME = "sessions keep their prepared statements"
_LONGEST = timedelta(seconds=2)
_MOST_SHOWN = 10
_PATH = "select pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', false)"
_COLUMN = """
select a.attnum, a.atttypid::int8, a.attname::text from pg_catalog.pg_attribute as a
where a.attrelid = %s::oid and a.attname = %s and not a.attisdropped
"""


@dataclass(frozen=True, slots=True)
class _Moving:
    """The column that will be another, or (None) one that will be there besides."""

    table: Oid
    number: AttributeNumber | None
    type_oid: Oid = 0
    name: str = ""

    def concerns(self, statement: Statement, described: Described) -> bool:
        """Whether results of the statement will be others, as far as one can tell."""
        if self.number is None:
            # Whoever names all columns gets no more of them than before.
            return "*" in statement.text and any(table == self.table for table, _ in described.columns)
        if (self.table, self.number) in described.columns:
            return True
        # Of an expression, and of a view, only the type tells where it comes from.
        mentioned = self.name in statement.text
        return mentioned and any(
            table != self.table and type_oid == self.type_oid
            for (table, _), (_, type_oid) in zip(described.columns, described.results, strict=True)
        )


async def cached_plans(
    connection: AsyncConnection[TupleRow],
    plan: Plan,
    seen_for: timedelta = SEEN_FOR,
    sources: Sequence[StatementSource] = (),
) -> tuple[Proof, ...]:
    """The forecast; nothing for a plan that changes no results. `connection` is in autocommit mode, and only read on.

    All statements count as known once they were seen for as long as `seen_for`.
    They are parsed and described, never planned.
    """
    if plan.refusal or not plan.steps:
        return ()
    try:
        moving = await _moving(connection, plan)
        return (await _forecast(connection, moving, seen_for, sources),) if moving else ()
    except psycopg.Error as error:
        if connection.closed:
            raise
        return (Proof(NAME, Verdict.UNPROVED, f"it could not be looked at: {in_words(error)}", forecast=True),)


async def _moving(connection: AsyncConnection[TupleRow], plan: Plan) -> list[_Moving]:
    """What moves: all columns that a change of type takes along, or what is brought back."""
    remedy = plan.remedy
    named: list[tuple[Oid, str]] = []
    if isinstance(remedy, ChangeColumnType):
        named = list(dict.fromkeys(column for step in plan.steps for column in step.defaults_of))
    elif isinstance(remedy, RestoreObject) and remedy.table and remedy.object_kind == "column":
        if remedy.aspect == "existence":
            return [_Moving(remedy.table, None)]
        if remedy.aspect in ("type", "name"):
            named = [(remedy.table, remedy.found_as or remedy.name)]
    found: list[_Moving] = []
    for table, name in named:
        row = await (await connection.execute(_COLUMN, (table, name))).fetchone()
        found += [_Moving(table, *row)] if row is not None else []
    return found


async def _forecast(
    connection: AsyncConnection[TupleRow],
    moving: Sequence[_Moving],
    seen_for: timedelta,
    sources: Sequence[StatementSource],
) -> Proof:
    touched = await read_touched(connection, [each.table for each in moving])
    known = await known_statements(connection, touched, seen_for, sources)
    # What stands in views and functions is prepared by nobody as it stands there.
    asked = [
        each
        for each in known.statements
        if each.origin in (Origin.OBSERVED, Origin.CODE) and not each.inner and not each.defines
    ]
    end, seen, concerned = monotonic() + _LONGEST.total_seconds(), 0, list[str]()
    try:
        async for statement, description in describe(connection, asked):
            seen += 1
            if isinstance(description, Described) and any(each.concerns(statement, description) for each in moving):
                concerned.append(statement.name)
            if monotonic() > end:
                break
    finally:
        if not connection.closed:
            await connection.execute(_PATH)
    return _told(list(dict.fromkeys(concerned)), seen, [*known.gaps, *_unread(known), *_late(seen, len(asked))])


def _unread(known: Known) -> list[str]:
    """What the code may send besides; of the database's own nobody prepares what cannot be read."""
    return [f"{each.name}: {each.reason}" for each in known.unread if each.origin is Origin.CODE]


def _late(seen: int, asked: int) -> list[str]:
    return [f"there was no time for {asked - seen} more"] if seen < asked else []


def _told(concerned: Sequence[str], seen: int, gaps: Sequence[str]) -> Proof:
    lacking = "".join(f"; {gap}" for gap in gaps)
    if concerned:
        figures = (
            f"{len(concerned)} of {count(seen, 'known statement')} give back what changes: each fails once (0A000,"
            f" cached plan must not change result type) in every session that has it prepared{lacking}"
        )
        return Proof(NAME, Verdict.REFUTED, figures, tuple(concerned[:_MOST_SHOWN]), forecast=True)
    if seen and not gaps:
        return Proof(
            NAME, Verdict.PROVED, f"{count(seen, 'known statement')}: none gives back what changes", forecast=True
        )
    none = f"none of {count(seen, 'known statement')}" if seen else "no statement is known"
    return Proof(NAME, Verdict.UNPROVED, f"{none} that gives back what changes{lacking}", forecast=True)
