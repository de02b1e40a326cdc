"""What migration tools have recorded in a database, as one text that changes with every migration."""

from __future__ import annotations

from datetime import timedelta
from hashlib import blake2b
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection, sql

from ..catalog.migration_history import HISTORY_TABLES

_MOST_BYTES: Final = 8 * 2**20
_MOST_SHOWN: Final = 3
_TIMEOUT: Final = timedelta(milliseconds=500)
# The column that tells migrations apart, in the order in which they are looked for.
_KEYS: Final = (
    "version_num", "migration_name", "version_id", "version", "migration_id", "change_id", "hash", "name", "id",
)  # fmt: skip
_HISTORIES: Final = """
select n.nspname, c.relname, c.oid::bigint,
  array(
    select a.attname::text from pg_catalog.pg_attribute as a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
  r.rolsuper or r.rolname = current_user, pg_catalog.pg_has_role(c.relowner, 'USAGE')
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_roles as r on r.oid = c.relowner
where c.relname = any(%s::name[]) and c.relkind = 'r' and not c.relispartition
  and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'pgmend', 'pgmend_backup')
order by n.nspname, c.relname
"""
# As in hearing/migration_history.py: TABLESAMPLE is refused for a view, and assure_harmless for what could run code.
_READ: Final = sql.SQL("""begin read only;
select pg_catalog.set_config(name, value, true)
from (values ('row_security', 'off'), ('search_path', 'pg_catalog, pg_temp'), ('constraint_exclusion', 'off'),
  ('max_parallel_workers_per_gather', '0'), ('jit', 'off'), ('lock_timeout', '50ms'),
  ('statement_timeout', {timeout})) as bound (name, value);
{lock}select {keys} from only {table} as history tablesample pg_catalog.system (100) where {harmless};
commit""")


class UnreadHistory(Exception):
    """A table of a migration tool that could not be read, with the reason."""


async def recorded_version(connection: AsyncConnection[Any], *, guarded: bool = True) -> str | None:
    """Such as `public.alembic_version 4f2a`; None where no tool has recorded anything.

    `guarded` is for a database with pgmend in it, where others own tables. Raises UnreadHistory.
    """
    rows = await (await connection.execute(_HISTORIES, (sorted(HISTORY_TABLES),))).fetchall()
    told: list[str] = []
    for schema, name, oid, columns, trusted, member in rows:
        keys = [key for key in _KEYS if key in columns][:1]
        if "app" in columns and "name" in columns:
            keys = ["app", "name"]
        if not keys:
            continue
        if guarded and not trusted and not member:
            raise UnreadHistory(f"{schema}.{name}: reading it safely takes membership in its owner")
        recorded = await _read(connection, (schema, name), oid, keys, guarded=guarded, lock=guarded and not trusted)
        if recorded:
            told.append(f"{schema}.{name} {_summary(recorded)}")
    return "; ".join(told) or None


async def _read(
    connection: AsyncConnection[Any], name: tuple[str, str], oid: int, keys: list[str], *, guarded: bool, lock: bool
) -> list[str]:
    table = sql.Identifier(*name)
    harmless = sql.SQL("pgmend.assure_harmless({}::oid, {})").format(sql.Literal(oid), sql.Literal(_MOST_BYTES))
    message = _READ.format(
        timeout=sql.Literal(f"{_TIMEOUT.total_seconds() * 1000:.0f}ms"),
        lock=sql.SQL("lock table only {} in share update exclusive mode; ").format(table) if lock else sql.SQL(""),
        keys=sql.SQL(", ").join(sql.SQL("history.{}").format(sql.Identifier(key)) for key in keys),
        table=table,
        harmless=harmless if guarded else sql.SQL("true"),
    )
    try:
        cursor = await connection.execute(message, prepare=False)
    except psycopg.Error as error:
        if connection.closed:
            raise
        await connection.rollback()
        raise UnreadHistory(f"{'.'.join(name)}: the server refused with SQLSTATE {error.sqlstate}") from error
    for _ in range(3 if lock else 2):
        cursor.nextset()
    return sorted(" ".join(map(str, row)) for row in await cursor.fetchall())


def _summary(recorded: list[str]) -> str:
    if len(recorded) <= _MOST_SHOWN:
        return ", ".join(recorded)
    digest = blake2b("\x1f".join(recorded).encode(), digest_size=8).hexdigest()
    return f"{len(recorded)} migrations, {digest}"
