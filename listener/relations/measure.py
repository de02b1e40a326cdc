"""Measuring: counts how many of a link's values are in its key, read-only and within bounds.

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
from .families import countable
from .measurement import Containment, Measurements, Unmeasured
from .probe import Pair, Target, counting, sampling
from .relation import Link
from .weights import NO_SIGN_OUTSIDE

SAMPLE_ROWS = 10_000
QUERY_LIMIT: Final = timedelta(seconds=5)
LOCK_TIMEOUT: Final = timedelta(milliseconds=50)
_CLASS_CONNECTION, _CLASS_SHUTDOWN = "08", "57P"

_TABLES = """
select c.oid::bigint, n.nspname, c.relname, c.relkind::text, c.reltuples,
  t.rolsuper or t.rolname = current_user as trusted, s.rolsuper or s.rolname = current_user as steady,
  c.relkind = 'p' and exists (
    select from pg_catalog.pg_partition_tree(c.oid) as t join pg_catalog.pg_class as p on p.oid = t.relid
    where p.relkind = 'f'
  ) as reads_elsewhere,
  c.relkind = 'r' and %(sizes)s and case when not exists (
    select from pg_catalog.pg_locks as l
    where l.locktype = 'relation' and l.relation = c.oid and l.mode = 'AccessExclusiveLock'
      and l.database = (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
  ) then pg_catalog.pg_relation_size(c.oid) = 0 end as is_empty
from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_roles as t on t.oid = c.relowner
join pg_catalog.pg_roles as s on s.oid = case
  when n.nspowner = 'pg_database_owner'::pg_catalog.regrole
    then (select d.datdba from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
  else n.nspowner end
where c.oid = any(%(tables)s::oid[])
"""
# Nobody but superusers, ourselves, and a role that none other is a member of may be able to change the function.
_ASSURANCE = """
with fit as (
  select r.oid from pg_catalog.pg_roles as r
  where r.rolsuper or r.rolname = current_user or (r.rolname = 'pgmend_owner' and not r.rolcanlogin and not exists (
    select from pg_catalog.pg_auth_members as m join pg_catalog.pg_roles as member on member.oid = m.member
    where m.roleid = r.oid and not member.rolsuper and member.rolname <> current_user
  ))
)
select exists (
  select from pg_catalog.pg_proc as p join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
  where n.nspname = 'pgmend' and p.proname = 'assure_harmless'
    and pg_catalog.pg_get_function_identity_arguments(p.oid) = 'history oid, most_bytes bigint'
    and p.proowner in (select fit.oid from fit) and n.nspowner in (select fit.oid from fit)
    and pg_catalog.has_schema_privilege(n.oid, 'USAGE') and pg_catalog.has_function_privilege(p.oid, 'EXECUTE')
)
"""
_COLUMNS = """
select a.attrelid::bigint, a.attnum, a.attname, a.atttypid::bigint, a.attgenerated::text = 'v'
from pg_catalog.pg_attribute as a
where a.attrelid = any(%(tables)s::oid[]) and a.attnum > 0 and not a.attisdropped
"""
_FOREIGN_CODE: LiteralString = """
with part as (
  select root.oid as root, t.relid as oid
  from pg_catalog.unnest({tables}::oid[]) as root (oid)
  cross join lateral (
    select root.oid as relid union select p.relid from pg_catalog.pg_partition_tree(root.oid) as p
  ) as t
), thing as (
  select root, 'pg_catalog.pg_class'::pg_catalog.regclass as class, oid from part
  union all
  select p.root, 'pg_catalog.pg_class'::pg_catalog.regclass, i.indexrelid
  from part as p join pg_catalog.pg_index as i on i.indrelid = p.oid
  union all
  select p.root, 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, s.oid
  from part as p join pg_catalog.pg_statistic_ext as s on s.stxrelid = p.oid
), called as (
  select t.root, f.proowner as owner
  from thing as t
  join pg_catalog.pg_depend as d on d.classid = t.class and d.objid = t.oid
  join pg_catalog.pg_proc as f
    on d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass and f.oid = d.refobjid
  union all
  select t.root, o.oprowner
  from thing as t
  join pg_catalog.pg_depend as d on d.classid = t.class and d.objid = t.oid
  join pg_catalog.pg_operator as o
    on d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass and o.oid = d.refobjid
)
select distinct c.root::bigint
from called as c join pg_catalog.pg_roles as r on r.oid = c.owner
where not r.rolsuper and r.rolname <> current_user
"""
# An error where a name led to another table than was meant, or somebody's code came meanwhile.
_STILL: LiteralString = (
    """
select 1 / case when (
  select pg_catalog.count(distinct own.relation) from pg_catalog.pg_locks as own
  where own.locktype = 'relation' and own.pid = pg_catalog.pg_backend_pid() and own.granted
    and own.relation = any({tables}::oid[])
    and own.database = (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
) = {number} and not exists ("""
    + _FOREIGN_CODE
    + ") then 1 else 0 end"
)
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
    connection: AsyncConnection[TupleRow], links: Iterable[Link], snapshot: Snapshot, *, budget: timedelta
) -> Measurements:
    """What the rows say of each link, sampled first and then, as long as the budget lasts, counted.

    `connection` is idle and in no transaction; each query is a read-only transaction of its own, sent as one message,
    and takes ACCESS SHARE on the two tables. Small tables come first. Raises CouldNotLook where the connection or the
    catalogs fail.
    """
    ordered = sorted(links, key=lambda link: (_size(link.table, snapshot), link))
    if not ordered:
        return Measurements()
    try:
        return Measurements(await _Survey(connection, budget).run(ordered))
    except psycopg.OperationalError as error:
        raise CouldNotLook(f"Counting rows ended: {error}") from error


class _Survey:
    """One run over the links, against the clock."""

    def __init__(self, connection: AsyncConnection[TupleRow], budget: timedelta) -> None:
        self._connection = connection
        self._deadline = time.monotonic() + budget.total_seconds()
        self._budget = budget
        self._relations: dict[Oid, CurrentTable] = {}
        self._assured = False

    async def run(self, links: list[Link]) -> dict[Link, Containment | Unmeasured]:
        tables = {oid for link in links for oid in (link.table, link.key.table)}
        try:
            self._relations = await self._look_up(tables, sizes=True)
        except psycopg.errors.LockNotAvailable:
            self._relations = await self._look_up(tables, sizes=False)
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

    async def _look_up(self, tables: set[Oid], *, sizes: bool) -> dict[Oid, CurrentTable]:
        parameters = {"tables": sorted(tables), "sizes": sizes}
        async with self._connection.transaction():
            await self._connection.execute(_bounds(QUERY_LIMIT))
            named = await (await self._connection.execute(_TABLES, parameters)).fetchall()
            columns = await (await self._connection.execute(_COLUMNS, parameters)).fetchall()
            foreign = sql.SQL(_FOREIGN_CODE).format(tables=sql.Literal(sorted(tables)))
            unsafe = {row[0] for row in await (await self._connection.execute(foreign)).fetchall()}
            assured = await (await self._connection.execute(_ASSURANCE)).fetchone()
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

    def _target(self, link: Link) -> Target | Unmeasured:
        table, key_table = self._relations.get(link.table), self._relations.get(link.key.table)
        if table is None or key_table is None:
            return Unmeasured("the table is gone")
        refusal = table.refusal or key_table.refusal
        if refusal is not None:
            return Unmeasured(refusal)
        swayed = {oid for oid in (link.table, link.key.table) if not self._relations[oid].steady}
        if swayed and (link.table == link.key.table or not self._assured):
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
        rows = self._relations[link.table].rows
        percent = min(100.0, 100.0 * SAMPLE_ROWS / rows) if rows > SAMPLE_ROWS * 2 else None
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

    def _locking(self, link: Link) -> list[sql.Composed]:
        """What goes before a query: locks, and a look by them."""
        tables = {oid: self._relations[oid] for oid in (link.table, link.key.table)}
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
        still = sql.SQL(_STILL).format(tables=sql.Literal(steady), number=sql.Literal(len(steady)))
        return [*locks, still] if steady else locks

    async def _asked(self, link: Link, query: sql.Composed) -> tuple[Any, ...] | Unmeasured:
        left = timedelta(seconds=self._deadline - time.monotonic())
        if left < timedelta(milliseconds=1):
            return Unmeasured(f"the {self._budget.total_seconds():g} s for counting were used up")
        limit = min(left, QUERY_LIMIT)
        before = [_BEGIN, _bounds(limit), *self._locking(link)]
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


def _size(table: Oid, snapshot: Snapshot) -> int:
    found = snapshot.tables.get(table)
    return found.statistics.pages if found is not None else 0
