"""Which transactions wrote the tables of migration tools, read without running anybody's code.

A row's `xmin` is the transaction that wrote it, or a subtransaction of it, whose number is higher; which of these it
is nobody tells afterwards. The owner of such a table may be anybody, so it is read under `pgmend.assure_harmless`,
within a read-only transaction, with row_security off, and with a TABLESAMPLE of all of it: that is refused for a view
or a foreign table as soon as the statement is parsed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow, class_row

from ..catalog.snapshot import Oid

LOCK_TIMEOUT: Final = timedelta(milliseconds=50)
STATEMENT_TIMEOUT: Final = timedelta(milliseconds=500)
MOST_BYTES: Final = 8 * 2**20
_CIRCLE: Final = 2**32

# Every column but the owner's name is about rights: ours, and in `bystanders` those of the roles that ran the DDL.
_HISTORIES = """
select c.oid::bigint as oid, n.nspname as schema, c.relname as name, o.rolname as owner, current_user as reader,
  o.rolsuper or o.rolname = current_user as trusted,
  pg_has_role(c.relowner, 'USAGE') as inherited, pg_has_role(c.relowner, 'MEMBER') as granted,
  has_schema_privilege(n.oid, 'USAGE') as schema_open, has_table_privilege(c.oid, 'SELECT') as readable,
  array(
    select r.rolname::text from pg_catalog.pg_roles as r
    where r.rolname = any(%s::name[]) and not (
      pg_has_role(r.oid, c.relowner, 'MEMBER')
      or has_table_privilege(r.oid, c.oid, 'INSERT, UPDATE, DELETE')
      or has_any_column_privilege(r.oid, c.oid, 'INSERT, UPDATE')
    )
  ) as bystanders
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_roles as o on o.oid = c.relowner
where c.oid = any(%s::oid[])
order by n.nspname, c.relname
"""
_LOCK = sql.SQL("lock table only {table} in share update exclusive mode; ")
_WRITER = sql.SQL("({since} + pg_catalog.mod(history.xmin::text::bigint - {low} + {circle}, {circle}))")
_READ = sql.SQL("""begin read only;
select pg_catalog.set_config(name, value, true)
from (values ('row_security', 'off'), ('search_path', 'pg_catalog, pg_temp'), ('constraint_exclusion', 'off'),
  ('max_parallel_workers_per_gather', '0'), ('jit', 'off'),
  ('lock_timeout', {lock_timeout}), ('statement_timeout', {statement_timeout})) as bound (name, value);
{lock}select pg_catalog.array_agg(distinct {writer}) filter (where {writer} = any({transactions}::bigint[])),
  pg_catalog.max({writer})
from only {table} as history tablesample pg_catalog.system (100)
where pgmend.assure_harmless({oid}::oid, {most_bytes})
  and {writer} < pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::bigint;
commit""")


@dataclass(frozen=True, slots=True)
class History:
    """One migration history. `bystanders` are those of the roles asked for that cannot write it.

    Nobody but a `trusted` owner (a superuser, or the role that reads) could have code run by those who read it.
    """

    oid: Oid
    schema: str
    name: str
    owner: str
    reader: str
    trusted: bool
    inherited: bool
    granted: bool
    schema_open: bool
    readable: bool
    bystanders: Sequence[str]

    @property
    def qualified_name(self) -> str:
        """`schema.table` as people say it."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class Writers:
    """Which of the transactions asked for wrote a history, and the last one that wrote it since the first of them."""

    transactions: frozenset[int]
    last: int | None


@dataclass(frozen=True, slots=True)
class Unread:
    """Why a history was not read, with the cure where there is one."""

    reason: str


async def find_histories(
    connection: AsyncConnection[TupleRow], tables: Collection[Oid], roles: Collection[str]
) -> list[History]:
    """Those of the tables that still exist, with what may be said of `roles`; reads catalogs only."""
    async with connection.cursor(row_factory=class_row(History)) as cursor:
        await cursor.execute(_HISTORIES, (sorted(roles), sorted(tables)))
        return await cursor.fetchall()


async def read_writers(
    connection: AsyncConnection[TupleRow], history: History, transactions: Collection[int]
) -> Writers | Unread:
    """Who wrote the history, of those transactions and after them; `connection` is idle and in autocommit mode.

    Takes ACCESS SHARE on the table, and SHARE UPDATE EXCLUSIVE where others than superusers and ourselves own it:
    neither keeps anybody from reading or writing it. Raises psycopg.OperationalError where the connection fails.
    """
    if grant := _missing(connection, history):
        return Unread(f"role {history.reader} may not read it, which this cures for later changes: {grant}")
    since, table = min(transactions), sql.Identifier(history.schema, history.name)
    message = _READ.format(
        lock_timeout=sql.Literal(f"{LOCK_TIMEOUT.total_seconds() * 1000:.0f}ms"),
        statement_timeout=sql.Literal(f"{STATEMENT_TIMEOUT.total_seconds() * 1000:.0f}ms"),
        lock=sql.SQL("") if history.trusted else _LOCK.format(table=table),
        writer=_WRITER.format(since=sql.Literal(since), low=sql.Literal(since % _CIRCLE), circle=sql.Literal(_CIRCLE)),
        transactions=sql.Literal(sorted(transactions)),
        table=table,
        oid=sql.Literal(history.oid),
        most_bytes=sql.Literal(MOST_BYTES),
    )
    try:
        cursor = await connection.execute(message, prepare=False)
    except psycopg.Error as error:
        if connection.closed:
            raise
        await connection.rollback()
        return Unread(_why(error))
    for _ in range(2 if history.trusted else 3):
        cursor.nextset()
    row = await cursor.fetchone()
    assert row is not None
    return Writers(frozenset(row[0] or ()), row[1])


def _missing(connection: AsyncConnection[TupleRow], history: History) -> str | None:
    """The statements that would let us read it; None where nothing is missing."""
    names = {
        "reader": sql.Identifier(history.reader),
        "owner": sql.Identifier(history.owner),
        "schema": sql.Identifier(history.schema),
        "table": sql.Identifier(history.schema, history.name),
    }
    grants: list[sql.SQL] = []
    if not history.trusted and not history.inherited:
        # Only a member of the owner may take the lock.
        if not history.granted:
            grants.append(sql.SQL("grant {owner} to {reader}"))
        elif connection.info.server_version >= 160000:
            grants.append(sql.SQL("grant {owner} to {reader} with inherit true"))
        else:
            grants.append(sql.SQL("alter role {reader} inherit"))
    else:
        if not history.schema_open:
            grants.append(sql.SQL("grant usage on schema {schema} to {reader}"))
        if not history.readable:
            grants.append(sql.SQL("grant select on {table} to {reader}"))
    return sql.SQL("; ").join(grant.format(**names) for grant in grants).as_string(connection) if grants else None


def _why(error: psycopg.Error) -> str:
    match error.sqlstate:
        case "55000":
            return f"it is not safe to read: {error.diag.message_primary}"
        case "0A000":
            return "it is not safe to read: it is no plain table"
        case "55P03":
            return f"a lock was in the way for {LOCK_TIMEOUT.total_seconds() * 1000:.0f} ms"
        case "57014":
            return f"reading it took longer than {STATEMENT_TIMEOUT.total_seconds() * 1000:.0f} ms"
        case "42501":
            return "row security or a right keeps its rows from us"
        case _:
            return f"the server refused with SQLSTATE {error.sqlstate}"
