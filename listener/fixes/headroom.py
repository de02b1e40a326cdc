"""Whether the server's disk has room for what a plan writes: tables and indexes made anew, and their share of WAL.

No SQL tells how much room is free. Where the listener runs on the server's own machine it can ask the file system, if
the role may see where the data directory is and that it is the one that lies there; from anywhere else nobody can tell,
and that is said.
"""

from __future__ import annotations

import os
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

_SIZE = """
with recursive tree (oid) as (
  select %(table)s::oid
  union
  select i.inhrelid from tree as t join pg_catalog.pg_inherits as i on i.inhparent = t.oid)
select coalesce(pg_catalog.sum(case
    when c.relpages > 0 then c.relpages::int8 * pg_catalog.current_setting('block_size')::int8
    else pg_catalog.pg_relation_size(c.oid) end), 0)::int8,
  pg_catalog.bool_or(coalesce(nullif(c.reltablespace, 0), d.dattablespace) <> 1663)
from tree as t join pg_catalog.pg_class as c on c.oid = t.oid
  cross join pg_catalog.pg_database as d
where d.datname = pg_catalog.current_database() and c.relkind in ('r', 'm')
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
        row = await (await connection.execute(_SIZE, {"table": plan.tables[0][0]})).fetchone()
        size, elsewhere = row or (0, False)
        needed = _needed(plan, size)
        if needed <= limits.room_to_spare:
            return ()
        free = "its tablespace is not the default one" if elsewhere else await _free(connection)
    except psycopg.Error as error:
        if connection.closed:
            raise
        said = f"it could not be looked at: {in_words(error)}"
        return (Proof(NAME, Verdict.UNPROVED, said, alone=True, kept_out=is_passing(error)),)
    return (_told(needed, free),)


def _needed(plan: Plan, size: int) -> int:
    """Bytes that the plan writes at most, as far as the size of its table tells."""
    copies = sum(step.rewrites for step in plan.steps) + 2 * sum(step.sweep is not None for step in plan.steps)
    indexes = 1 if Hazard.INDEX_BUILD in plan.hazards or copies else 0
    return (copies + indexes) * size * _WRITTEN_TWICE


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
    return here[1]


def _here(place: Path) -> tuple[tuple[int, int], int] | None:
    """When the folder was last changed, itself and what it is, and how much room is there; None where there is none."""
    try:
        seen, room = place.stat(), os.statvfs(place)
    except OSError:
        return None
    return (int(seen.st_mtime), int(seen.st_ctime)), room.f_bavail * room.f_frsize


def in_bytes(number: int) -> str:
    """As people say it: `1.4 GB`."""
    size, units = float(number), ["bytes", "kB", "MB", "GB", "TB"]
    while size >= 1024 and len(units) > 1:
        size, units = size / 1024, units[1:]
    return f"{size:.0f} {units[0]}" if units[0] == "bytes" else f"{size:.1f} {units[0]}"
