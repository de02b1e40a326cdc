"""How much pg_stat_statements can know of what the application runs: since when, and what it keeps from it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection

from ..relations.wording import count

_STATE: Final = """
select i.dealloc::bigint, pg_catalog.to_char(i.stats_reset, 'YYYY-MM-DD HH24:MI TZ'),
  pg_catalog.now() - i.stats_reset < %s
from {view}_info as i
"""
# What the own session or role may have set for itself says nothing of the others.
_SWITCHED: Final = """
select pg_catalog.format('%s is %s', s.name, s.setting)
from pg_catalog.pg_settings as s
where (s.name, s.setting) in (
    ('pg_stat_statements.track', 'none'), ('pg_stat_statements.track_utility', 'off'), ('compute_query_id', 'off'))
  and s.source not in ('user', 'database user', 'client', 'session')
union all
select pg_catalog.format('%s for %s', setting, coalesce('role ' || r.rolname, 'this database'))
from pg_catalog.pg_db_role_setting as s
cross join lateral pg_catalog.unnest(s.setconfig) as setting
left join pg_catalog.pg_roles as r on r.oid = s.setrole
where s.setdatabase in (
    0, (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database()))
  and r.rolname is distinct from current_user
  and setting in ('pg_stat_statements.track=none', 'pg_stat_statements.track_utility=off', 'compute_query_id=off')
order by 1
"""
# A logical subscriber runs nothing here, and a base backup nothing at all.
_STANDBYS: Final = """
select pg_catalog.count(*) from pg_catalog.pg_stat_replication as r
where r.state is distinct from 'backup' and not exists (
  select from pg_catalog.pg_replication_slots as s where s.active_pid = r.pid and s.slot_type = 'logical')
"""


async def coverage(
    connection: AsyncConnection[Any], view: str, seen_for: timedelta
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Why not all can be known, and what else there is to say of it. Statistics have to be as old as `seen_for`."""
    try:
        state = await (await connection.execute(_STATE.format(view=view).encode(), (seen_for,))).fetchone()
    except psycopg.errors.UndefinedTable:
        # The extension is that of PostgreSQL 13.
        return ("when statements were forgotten is not known. Cure: alter extension pg_stat_statements update",), ()
    assert state is not None
    evicted, since, is_young = state
    gaps = list[str]()
    if is_young:
        gaps.append(f"statements are known since {since} only, and that is less than {_said(seen_for)}")
    if evicted:
        gaps.append(
            f"the server forgot the least frequent statements {evicted:,} times to make room. Cure: a larger"
            " pg_stat_statements.max, then pg_stat_statements_reset()"
        )
    for (switched,) in await (await connection.execute(_SWITCHED.encode())).fetchall():
        gaps.append(f"not all statements are recorded: {switched}")
    row = await (await connection.execute(_STANDBYS.encode())).fetchone()
    if row is not None and row[0]:
        gaps.append(f"what runs on {count(row[0], 'standby', 'standbys')} is not known here")
    return tuple(gaps), (f"seen since {since}",)


def _said(time: timedelta) -> str:
    return f"{time / timedelta(hours=1):g} h"
