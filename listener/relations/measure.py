"""Measuring: counts how many of a link's values are in its key, and which rows a key would refuse, read-only and within
bounds.

Rows are read with `row_security = off`: a policy that would hide rows raises, and the link is then Unmeasured. No code
of other owners runs with our rights: values are compared by built-in operators, constraint exclusion is off, and tables
whose indexes or statistics call functions of roles that are neither ours nor superusers are not read at all, since the
planner evaluates those.

Between a look at the catalogs and the reading nobody can put another table in the place (docs/decisions/0017): the same
message locks the tables, which keeps them from being renamed and, of other owners, from getting indexes, and looks
again by what it has locked. What locks do not keep is a new name for a schema: where another role owns that, the query
itself asks `pgmend.assure_harmless`, or is not made where that is not installed.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, LiteralString

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from ..catalog.snapshot import AttributeNumber, Oid, Snapshot
from ..errors import CouldNotLook
from .families import countable, family
from .harmless import ASSURANCE, COLUMNS, FOREIGN_CODE, STILL, TABLES
from .measurement import Containment, Duplicates, Measurements, Subject, Unmeasured
from .probe import Pair, Target, counting, sampling
from .relation import Link
from .repetition import Repeated, counting_repetitions, sampling_repetitions
from .uniqueness import Uniqueness
from .weights import NO_SIGN_OUTSIDE

SAMPLE_ROWS = 10_000
QUERY_LIMIT: Final = timedelta(seconds=5)
LOCK_TIMEOUT: Final = timedelta(milliseconds=50)
MOST_ROWS = 5_000_000
"""Of a larger table repetitions are looked for in a sample only: telling all of its rows apart would fill a disk."""
_CLASS_CONNECTION, _CLASS_SHUTDOWN = "08", "57P"

_LOCK = sql.SQL("lock table {only}{table} in {mode} mode")
_BOUNDS: LiteralString = """
select pg_catalog.set_config(name, value, true)
from (values ('transaction_read_only', 'on'), ('row_security', 'off'), ('search_path', 'pg_catalog, pg_temp'),
  ('constraint_exclusion', 'off'), ('jit', 'off'), ('max_parallel_workers_per_gather', '0'),
  ('lock_timeout', {lock}), ('statement_timeout', {statement})) as bound (name, value)
"""
_BEGIN, _COMMIT = sql.SQL("begin"), sql.SQL("commit")


@dataclass(frozen=True, slots=True)
class CurrentTable:
    """A table as the catalogs have it now. `rows` is the planner's estimate, -1 where there is none.

    `empty` is what has no page on disk, and so no row; a table that somebody has locked is not asked. `trusted` tells
    whether its owner is a superuser or ourselves, `steady` whether its schema's is, who alone can rename that.
    """

    schema: str
    name: str
    kind: str
    rows: float
    refusal: str | None
    empty: bool
    trusted: bool
    steady: bool
    columns: Mapping[AttributeNumber, tuple[str, Oid, bool]]


async def measure(
    connection: AsyncConnection[TupleRow], subjects: Iterable[Subject], snapshot: Snapshot, *, budget: timedelta
) -> Measurements:
    """What the rows say of each link and each key, sampled first and then, as long as the budget lasts, counted.

    `connection` is idle and in no transaction; each query is a read-only transaction of its own, sent as one message,
    and takes ACCESS SHARE on its tables. Links come first, and of both the small tables. Raises CouldNotLook where the
    connection or the catalogs fail.
    """
    asked = list(subjects)
    links = sorted((each for each in asked if isinstance(each, Link)), key=lambda each: _order(each, snapshot))
    keys = sorted((each for each in asked if isinstance(each, Uniqueness)), key=lambda each: _order(each, snapshot))
    if not asked:
        return Measurements()
    try:
        survey = _Survey(connection, budget)
        await survey.begin({table for each in asked for table in each.tables})
        return Measurements(await survey.links(links), await survey.keys(keys))
    except psycopg.OperationalError as error:
        raise CouldNotLook(f"Counting rows ended: {error}") from error


class _Survey:
    """One run over links and keys, against the clock."""

    def __init__(self, connection: AsyncConnection[TupleRow], budget: timedelta) -> None:
        self._connection = connection
        self._deadline = time.monotonic() + budget.total_seconds()
        self._budget = budget
        self._relations: dict[Oid, CurrentTable] = {}
        self._assured = False

    async def begin(self, tables: set[Oid]) -> None:
        """See what has become of the tables."""
        try:
            self._relations = await self._look_up(tables, sizes=True)
        except psycopg.errors.LockNotAvailable:
            self._relations = await self._look_up(tables, sizes=False)

    async def links(self, links: list[Link]) -> dict[Link, Containment | Unmeasured]:
        found: dict[Link, Containment | Unmeasured] = {}
        targets: dict[Link, Target] = {}
        for link in links:
            target = self._target(link)
            if isinstance(target, Unmeasured):
                found[link] = target
            elif self._relations[link.table].empty:
                found[link] = Containment(0, 0, 0, exact=True, taken_at=datetime.now(UTC))
            else:
                targets[link] = target
                found[link] = await self._sampled(link, target)
        for link, target in targets.items():
            sample = found[link]
            if isinstance(sample, Containment) and _may_decide(sample):
                exact = await self._counted(link, target, sample)
                found[link] = exact if isinstance(exact, Containment) else sample
        return found

    async def keys(self, keys: list[Uniqueness]) -> dict[Uniqueness, Duplicates | Unmeasured]:
        return {key: await self._repetitions(key) for key in keys}

    async def _look_up(self, tables: set[Oid], *, sizes: bool) -> dict[Oid, CurrentTable]:
        parameters = {"tables": sorted(tables), "sizes": sizes}
        async with self._connection.transaction():
            await self._connection.execute(_bounds(QUERY_LIMIT))
            named = await (await self._connection.execute(TABLES, parameters)).fetchall()
            columns = await (await self._connection.execute(COLUMNS, parameters)).fetchall()
            foreign = sql.SQL(FOREIGN_CODE).format(tables=sql.Literal(sorted(tables)))
            unsafe = {row[0] for row in await (await self._connection.execute(foreign)).fetchall()}
            assured = await (await self._connection.execute(ASSURANCE)).fetchone()
        self._assured = assured is not None and bool(assured[0])
        by_table: dict[Oid, dict[AttributeNumber, tuple[str, Oid, bool]]] = {}
        for table, number, name, type_oid, virtual in columns:
            by_table.setdefault(table, {})[number] = name, type_oid, virtual
        return {
            oid: CurrentTable(
                schema, name, kind, rows, _refusal(row, unsafe), bool(empty), trusted, steady, by_table.get(oid, {})
            )
            for row in named
            for oid, schema, name, kind, rows, trusted, steady, _, empty in [row]
        }

    def _refused(self, subject: Subject) -> Unmeasured | None:
        """Why its tables are not read."""
        tables = [self._relations.get(oid) for oid in subject.tables]
        if None in tables:
            return Unmeasured("the table is gone")
        refusals = [table.refusal for table in tables if table is not None and table.refusal is not None]
        if refusals:
            return Unmeasured(refusals[0])
        if (swayed := self._swayed(subject)) and not self._assured:
            schema = self._relations[min(swayed)].schema
            return Unmeasured(f"the owner of schema {schema} could put another table in its place")
        return None

    def _swayed(self, subject: Subject) -> set[Oid]:
        """Those tables whose name may lead elsewhere by the time they are read."""
        return {oid for oid in subject.tables if not self._relations[oid].steady}

    def _target(self, link: Link) -> Target | Unmeasured:
        if (refusal := self._refused(link)) is not None:
            return refusal
        table, key_table = self._relations[link.table], self._relations[link.key.table]
        swayed = self._swayed(link)
        if swayed and link.table == link.key.table:
            return Unmeasured(f"the owner of schema {table.schema} could put another table in its place")
        pairs: list[Pair] = []
        for ours, theirs in zip(link.columns, link.key.columns, strict=True):
            if ours not in table.columns or theirs not in key_table.columns:
                return Unmeasured("the column is gone")
            (name, type_oid, virtual), (key_name, key_type, key_virtual) = (
                table.columns[ours],
                key_table.columns[theirs],
            )
            if virtual or key_virtual or not countable(type_oid, key_type):
                return Unmeasured("values of these types are not compared")
            pairs.append(Pair(name, type_oid, key_name, key_type))
        return Target(
            (table.schema, table.name),
            table.kind == "p",
            (key_table.schema, key_table.name),
            key_table.kind == "p",
            tuple(pairs),
            tuple(sorted(swayed)),
        )

    async def _sampled(self, link: Link, target: Target) -> Containment | Unmeasured:
        percent = self._percent(link.table)
        row = await self._asked(link, sampling(target, limit=SAMPLE_ROWS, percent=percent))
        if isinstance(row, tuple) and percent is not None and row[0] == 0:
            percent = None
            row = await self._asked(link, sampling(target, limit=SAMPLE_ROWS))
        if isinstance(row, Unmeasured):
            return row
        looked, orphans, uncastable, distinct, examples = row
        exact = percent is None and looked < SAMPLE_ROWS
        shown = tuple(f"'{each}'" for each in examples or ())
        return Containment(looked, orphans, uncastable, exact, datetime.now(UTC), shown, distinct)

    async def _counted(self, link: Link, target: Target, sample: Containment) -> Containment | Unmeasured:
        row = await self._asked(link, counting(target))
        if isinstance(row, Unmeasured):
            return row
        rows, orphans, uncastable, *edges = row
        edges = tuple(f"'{each}'" for each in dict.fromkeys(edges) if each is not None)
        return replace(
            sample,
            rows=rows,
            orphans=orphans,
            uncastable=uncastable,
            exact=True,
            taken_at=datetime.now(UTC),
            examples=sample.examples if len(sample.examples) > 1 else edges,
        )

    async def _repetitions(self, key: Uniqueness) -> Duplicates | Unmeasured:
        repeated = self._repeated(key)
        if isinstance(repeated, Unmeasured):
            return repeated
        if self._relations[key.table].empty:
            return Duplicates(0, 0, 0, exact=True, taken_at=datetime.now(UTC))
        percent = self._percent(key.table)
        sample = await self._repeating(key, sampling_repetitions(repeated, limit=SAMPLE_ROWS, percent=percent))
        if isinstance(sample, Unmeasured) or (percent is None and sample.rows < SAMPLE_ROWS):
            return sample
        exact: Duplicates | Unmeasured = replace(sample, exact=False)
        if self._relations[key.table].rows <= MOST_ROWS:
            exact = await self._repeating(key, counting_repetitions(repeated))
        # Whole rows are compared on a mere suspicion: a sample of them is not tried again at each full look.
        suffices = bool(sample.surplus) or key.whole
        return replace(sample, exact=False) if isinstance(exact, Unmeasured) and suffices else exact

    def _repeated(self, key: Uniqueness) -> Repeated | Unmeasured:
        if (refusal := self._refused(key)) is not None:
            return refusal
        table = self._relations[key.table]
        if not set(key.columns) <= table.columns.keys():
            return Unmeasured("the column is gone")
        columns = [table.columns[number] for number in key.columns]
        if any(virtual or family(type_oid) is None for _, type_oid, virtual in columns):
            return Unmeasured("values of these types are not compared")
        names = tuple(name for name, _, _ in columns)
        return Repeated((table.schema, table.name), table.kind == "p", names, key, tuple(self._swayed(key)))

    async def _repeating(self, key: Uniqueness, query: sql.Composed) -> Duplicates | Unmeasured:
        row = await self._asked(key, query)
        if isinstance(row, Unmeasured):
            return row
        rows, groups, surplus, examples = row
        shown = tuple(f"'{each}'" for each in dict.fromkeys(examples or ()) if each is not None)
        return Duplicates(rows, groups, surplus, exact=True, taken_at=datetime.now(UTC), examples=shown)

    def _percent(self, table: Oid) -> float | None:
        """Which share of a large table's pages is a sample of it."""
        rows = self._relations[table].rows
        return min(100.0, 100.0 * SAMPLE_ROWS / rows) if rows > SAMPLE_ROWS * 2 else None

    def _locking(self, subject: Subject) -> list[sql.Composed]:
        """What goes before a query: locks, and a look by them."""
        tables = {oid: self._relations[oid] for oid in subject.tables}
        locks = [
            _LOCK.format(
                only=sql.SQL("" if table.kind == "p" else "only "),
                table=sql.Identifier(table.schema, table.name),
                mode=sql.SQL("access share" if table.trusted else "share update exclusive"),
            )
            for table in tables.values()
            if table.steady or not table.trusted
        ]
        steady = sorted(oid for oid, table in tables.items() if table.steady)
        still = sql.SQL(STILL).format(tables=sql.Literal(steady), number=sql.Literal(len(steady)))
        return [*locks, still] if steady else locks

    async def _asked(self, subject: Subject, query: sql.Composed) -> tuple[Any, ...] | Unmeasured:
        left = timedelta(seconds=self._deadline - time.monotonic())
        if left < timedelta(milliseconds=1):
            return Unmeasured(f"the {self._budget.total_seconds():g} s for counting were used up")
        limit = min(left, QUERY_LIMIT)
        before = [_BEGIN, _bounds(limit), *self._locking(subject)]
        message = sql.SQL("; ").join([*before, query, _COMMIT])
        try:
            cursor = await self._connection.execute(message)
        except psycopg.Error as error:
            if error.sqlstate is None or error.sqlstate.startswith((_CLASS_CONNECTION, _CLASS_SHUTDOWN)):
                raise
            await self._connection.rollback()
            return Unmeasured(_reason(error, limit))
        for _ in before:
            cursor.nextset()
        row = await cursor.fetchone()
        return row if row is not None else Unmeasured("the server gave no answer")


def _bounds(limit: timedelta) -> sql.Composed:
    return sql.SQL(_BOUNDS).format(lock=_milliseconds(LOCK_TIMEOUT), statement=_milliseconds(limit))


def _milliseconds(limit: timedelta) -> sql.Literal:
    return sql.Literal(f"{max(1, round(limit.total_seconds() * 1000))}ms")


def _refusal(row: TupleRow, unsafe: set[Oid]) -> str | None:
    oid, schema, name, kind, _, _, _, reads_elsewhere, _ = row
    if kind not in ("r", "p"):
        return f"{schema}.{name} is no table"
    if reads_elsewhere:
        return f"{schema}.{name} has a partition on another server"
    if oid in unsafe:
        return f"reading {schema}.{name} could run a function of another role with our rights"
    return None


def _reason(error: psycopg.Error, limit: timedelta) -> str:
    match error.sqlstate:
        case "57014":
            return f"counting took longer than {limit.total_seconds():.1f} s"
        case "55P03":
            return f"a lock was in the way for {LOCK_TIMEOUT.total_seconds() * 1000:.0f} ms"
        case "22012" | "55000" | "0A000":
            return "reading it is not safe by now: its name leads elsewhere, or it could run another role's functions"
        case "42P01":
            return "the table is gone"
        case "42501":
            return "the role may not read all rows"
        case _:
            return f"the server refused with SQLSTATE {error.sqlstate}"


def _may_decide(sample: Containment) -> bool:
    """Whether exact figures can say more than the sample: far outside, they say the same."""
    return not sample.exact and sample.rows > 0 and sample.outside <= sample.rows * NO_SIGN_OUTSIDE


def _order(subject: Subject, snapshot: Snapshot) -> tuple[int, Subject]:
    found = snapshot.tables.get(subject.table)
    return found.statistics.pages if found is not None else 0, subject
