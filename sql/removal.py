"""Takes schema pgmend out of a database and leaves nothing."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from .errors import NotInstalled, StillNeeded
from .owner import OWNER, drop_owner, schema_owner, strangers
from .session import Connection, changing, run, value

KEPT_TABLES = ("audit", "ddl_log")

_DEPENDENTS: dict[str, LiteralString] = {
    "fixes that are not finished (let them end, or roll them back)": """
        select string_agg(fix_id::text || ' ' || state, ', ') from pgmend.fix
        where state in ('approved', 'queued', 'running', 'deferred', 'rollback_requested', 'rolling_back')""",
    "fixes that can still be undone": "select string_agg(fix_id::text, ', ') from pgmend.rollbacks_available",
    "backups": """
        select string_agg(relation_name, ', ') from pgmend.backup
        where coalesce(expires_at > clock_timestamp(), true)""",
    "tables in schema pgmend_backup": """
        select string_agg(relname::text, ', ') from pg_class
        where relnamespace = to_regnamespace('pgmend_backup') and relkind in ('r', 'p', 'v', 'm', 'f', 'S')
          and relname not in (select relation_name from pgmend.backup where expires_at <= clock_timestamp())""",
}
_EXPIRED = """
select relname from pg_class where relnamespace = to_regnamespace('pgmend_backup') and relkind = 'r'
  and relname in (select relation_name from pgmend.backup where expires_at <= clock_timestamp())
"""
_TAKE_BACK = """
do $$ declare one pgmend.backfill; begin
  for one in select * from pgmend.backfill where swapped_at is null order by table_oid, column_number loop
    perform pgmend.take_back_column(one.table_oid, one.column_number);
  end loop;
end $$
"""
_RELATIONS = """
select relname from pg_class where relnamespace = 'pgmend'::regnamespace and relkind = %s and relname <> all (%s)
order by relname
"""
_FUNCTIONS = "select oid::regprocedure::text from pg_proc where pronamespace = 'pgmend'::regnamespace order by 1"


@dataclass(frozen=True, slots=True)
class Removal:
    """What an uninstall left: the schema with the kept audit, and the owner role where something still needs it."""

    kept_schema: str | None
    role_dropped: bool


def uninstall(connection: Connection, *, keep_audit: bool = False, discard: bool = False) -> Removal:
    """Remove pgmend in one transaction of its own.

    Raises StillNeeded while an undo, an unfinished fix, or somebody's object depends on it; with `discard` all of
    that goes too (CASCADE), and so do columns that are being filled. With `keep_audit` the tables audit
    and ddl_log stay, in a schema named in the result.
    """
    with changing(connection):
        owner = schema_owner(connection)
        if owner is None:
            raise NotInstalled("there is no schema pgmend in this database; nothing was removed")
        drop_event_triggers(connection)
        if discard:
            _take_back_columns(connection)
        else:
            _refuse_while_needed(connection)
        with _naming_dependents():
            _drop_objects(connection, keep=KEPT_TABLES if keep_audit else (), cascade=discard)
        kept = _rename_kept(connection) if keep_audit else None
        dropped = kept is None and owner == OWNER and drop_owner(connection)
    return Removal(kept, dropped)


def drop_event_triggers(connection: Connection) -> None:
    """Stop recording DDL."""
    for name in ("pgmend_record_ddl", "pgmend_record_drop"):
        run(connection, SQL("drop event trigger if exists {}").format(Identifier(name)))


def _refuse_while_needed(connection: Connection) -> None:
    run(connection, "lock table pgmend.fix, pgmend.backup in access exclusive mode")
    needs = [f"{what}: {found}" for what, query in _DEPENDENTS.items() if (found := value(connection, query))]
    if others := strangers(connection, "pgmend"):
        needs.append(f"objects that are not pgmend's: {others}")
    if needs:
        raise StillNeeded(
            f"schema pgmend is still needed by {'; '.join(needs)}. With --discard they are lost, and no fix can be "
            "undone any more"
        )


def _take_back_columns(connection: Connection) -> None:
    """Take away what online changes that are under way have added to people's tables: nobody else will."""
    if value(connection, "select to_regprocedure('pgmend.take_back_column(oid, smallint)')") is not None:
        run(connection, _TAKE_BACK)


def _drop_objects(connection: Connection, *, keep: Iterable[str], cascade: bool) -> None:
    """Views, tables, functions, each by name: without `cascade` nothing that is not ours goes with them."""
    how = SQL(" cascade" if cascade else " restrict")
    kept = list(keep)
    for (name,) in () if cascade else connection.execute(_EXPIRED).fetchall():
        run(connection, SQL("drop table {}").format(Identifier("pgmend_backup", name)))
    for kind, drop in (("v", SQL("drop view ")), ("r", SQL("drop table "))):
        names = [name for (name,) in connection.execute(_RELATIONS, (kind, kept)).fetchall()]
        if names:
            run(connection, drop + _joined(names) + how)
    functions = [name for (name,) in connection.execute(_FUNCTIONS).fetchall()]
    if functions:
        run(connection, f"drop function {', '.join(functions)}".encode() + how.as_bytes(connection))
    run(connection, SQL("drop schema if exists pgmend_backup") + how)
    if not kept:
        run(connection, SQL("drop schema pgmend") + how)


def _joined(names: Iterable[str]) -> Composed:
    return SQL(", ").join(Identifier("pgmend", name) for name in names)


def _rename_kept(connection: Connection) -> str:
    name = str(value(connection, "select to_char(clock_timestamp(), '\"pgmend_audit_\"YYYYMMDDHH24MISS')"))
    run(connection, SQL("alter schema pgmend rename to {}").format(Identifier(name)))
    comment = "What pgmend recorded before it was uninstalled: who ran which DDL, who did what to pgmend."
    run(connection, SQL("comment on schema {} is {}").format(Identifier(name), comment))
    return name


@contextmanager
def _naming_dependents() -> Generator[None]:
    try:
        yield
    except psycopg.errors.DependentObjectsStillExist as error:
        raise StillNeeded(
            f"somebody's objects depend on schema pgmend: {error.diag.message_detail}. Drop them first, or with "
            "--discard they are dropped along"
        ) from error
