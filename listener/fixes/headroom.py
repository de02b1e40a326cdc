"""Whether the server's disk has room for what a plan writes: tables and indexes made anew, and their share of WAL.

No SQL tells how much room is free. Where the listener runs on the server's own machine it can ask the file system, if
the role may see where the data directory is and that it is the one that lies there; from anywhere else nobody can tell,
and that is said.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from .limits import Limits
from .plan import Hazard, Plan, Proof, Verdict
from .sqlstates import in_words, is_passing

NAME = "room on the server's disk"
# The new copy, and the WAL that tells standbys and archives of it.
_WRITTEN_TWICE = 2
_MOST_OF_THE_FREE = 0.8

# Pages as they were counted last, since to ask for a size waits behind whoever alters the table.
_SIZE = """
with recursive tree (oid) as (
  select t.oid from pg_catalog.unnest(%(tables)s::oid[]) as t (oid)
  union
  select i.inhrelid from tree as t join pg_catalog.pg_inherits as i on i.inhparent = t.oid),
stored (oid, indexed) as (
  select oid, false from tree
  union all
  select c.reltoastrelid, false from tree as t join pg_catalog.pg_class as c on c.oid = t.oid
  where c.reltoastrelid <> 0),
counted (oid, indexed) as (
  select oid, indexed from stored
  union all
  select i.indexrelid, true from stored as s join pg_catalog.pg_index as i on i.indrelid = s.oid)
select coalesce(pg_catalog.sum(z.bytes) filter (where not s.indexed), 0)::int8,
  coalesce(pg_catalog.sum(z.bytes) filter (where s.indexed), 0)::int8,
  coalesce(pg_catalog.bool_or(coalesce(nullif(c.reltablespace, 0), d.dattablespace) <> 1663), false)
from counted as s join pg_catalog.pg_class as c on c.oid = s.oid
  cross join pg_catalog.pg_database as d
  cross join lateral (
    select case
      when c.relpages > 0 then c.relpages::int8 * pg_catalog.current_setting('block_size')::int8
      else pg_catalog.pg_relation_size(c.oid) end) as z (bytes)
where d.datname = pg_catalog.current_database() and c.relkind in ('r', 'm', 't', 'i')
"""
_PLACE = """
select s.setting, pg_catalog.has_function_privilege('pg_catalog.pg_stat_file(text)', 'execute')
from pg_catalog.pg_settings as s where s.name = 'data_directory'
"""
_STAMPS = """
select extract(epoch from f.modification)::int8, extract(epoch from f.change)::int8
from pg_catalog.pg_stat_file('.') as f
"""


async def headroom(connection: AsyncConnection[TupleRow], plan: Plan, limits: Limits) -> tuple[Proof, ...]:
    """Whether there is room; nothing where what is written is less than `limits.room_to_spare`, or there are no steps.

    Who approves a plan may know what we cannot: unproved it stops only who acts alone.
    """
    if not plan.steps or not plan.tables:
        return ()
    try:
        needed, elsewhere = await _needed(connection, plan)
        if needed <= limits.room_to_spare:
            return ()
        free = "not all of it lies in the default tablespace" if elsewhere else await _free(connection)
    except psycopg.Error as error:
        if connection.closed:
            raise
        said = f"it could not be looked at: {in_words(error)}"
        return (Proof(NAME, Verdict.UNPROVED, said, alone=True, kept_out=is_passing(error)),)
    return (_told(needed, free),)


async def _needed(connection: AsyncConnection[TupleRow], plan: Plan) -> tuple[int, bool]:
    """Bytes that the plan writes at most, as far as the sizes of its tables tell; whether they lie in other places."""
    copies = sum(step.rewrites for step in plan.steps) + 2 * sum(step.sweep is not None for step in plan.steps)
    # A step that changes several tables names the columns of each; else it is about the first of the plan.
    changed = {table for step in plan.steps for table, _ in step.defaults_of} or {plan.tables[0][0]}
    row = await (await connection.execute(_SIZE, {"tables": list(changed)})).fetchone()
    heap, indexes, elsewhere = row or (0, 0, False)
    # How large a new index will be, nobody knows: as its table, at most.
    built = heap if Hazard.INDEX_BUILD in plan.hazards and not copies else 0
    return (copies * (heap + indexes) + built) * _WRITTEN_TWICE, elsewhere


def _told(needed: int, free: int | str) -> Proof:
    needs = f"up to {in_bytes(needed)} are written"
    if isinstance(free, str):
        return Proof(NAME, Verdict.UNPROVED, f"{needs}; how much room is free is not known here: {free}", alone=True)
    verdict = Verdict.PROVED if needed <= free * _MOST_OF_THE_FREE else Verdict.REFUTED
    return Proof(NAME, verdict, f"{needs}, {in_bytes(free)} are free", alone=True)


async def _free(connection: AsyncConnection[TupleRow]) -> int | str:
    """Bytes that are free where the data directory is, or why nobody here can tell."""
    row = await (await connection.execute(_PLACE)).fetchone()
    if row is None or not row[1]:
        return "the role may not see the data directory (pg_read_all_settings, and EXECUTE on pg_stat_file(text))"
    stamps = await (await connection.execute(_STAMPS)).fetchone()
    here = _here(Path(row[0]))
    # The same path here may be another server's, or a copy's.
    if stamps is None or here is None or here[0] != tuple(stamps):
        return "the server runs on another machine"
    return _why_log_elsewhere(Path(row[0])) or here[1]


def _here(place: Path) -> tuple[tuple[int, int], int] | None:
    """When the folder was last changed, itself and what it is, and how much room is there; None where there is none."""
    try:
        seen, room = place.stat(), os.statvfs(place)
    except OSError:
        return None
    return (int(seen.st_mtime), int(seen.st_ctime)), room.f_bavail * room.f_frsize


def _why_log_elsewhere(place: Path) -> str | None:
    """Why the room there may not be that of the write-ahead log."""
    try:
        log, data = (place / "pg_wal").lstat(), place.stat()
    except OSError as error:
        return f"whether pg_wal lies there cannot be seen ({error.strerror or type(error).__name__})"
    if stat.S_ISLNK(log.st_mode) or log.st_dev != data.st_dev:
        return "pg_wal lies elsewhere"
    return None


def in_bytes(number: int) -> str:
    """As people say it: `1.4 GB`."""
    size, units = float(number), ["bytes", "kB", "MB", "GB", "TB"]
    while size >= 1024 and len(units) > 1:
        size, units = size / 1024, units[1:]
    return f"{size:.0f} {units[0]}" if units[0] == "bytes" else f"{size:.1f} {units[0]}"
