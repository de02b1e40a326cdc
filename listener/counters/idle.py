"""Which indexes nothing has used for long: the server counts uses, and we remember since when there was none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..catalog.snapshot import Oid

# A month's longest pause between two runs of a monthly job, and some days in which it may be late.
LONG_ENOUGH = timedelta(days=35)
# Between two looks farther apart the counters may have been reset and have come past where they were.
LONGEST_GAP = timedelta(days=1)
_LAST_SCAN_SINCE = 160000

# The database's counters of transactions and its reset tell whether the indexes' have gone on since the last look. An
# index is remembered from when it was first seen with no use: neither its age nor what was counted before it was made
# is in any catalog. From 16 on the server itself says when an index was used last.
_WATCH = """
with now as (
  select pg_catalog.clock_timestamp() as at, d.stats_reset, d.xact_commit + d.xact_rollback as transactions
  from pg_catalog.pg_stat_database as d where d.datname = pg_catalog.current_database()
), gone_on as (
  select exists (
    select from pgmend.statistics_look as l
    where l.reset_at is not distinct from now.stats_reset and l.transactions <= now.transactions
      and l.looked_at > now.at - %(longest_gap)s
  ) as yes
  from now
), used as (
  select i.indexrelid as oid, {last_scan} as at, pg_catalog.pg_stat_get_numscans(i.indexrelid) > 0 as ever
  from pg_catalog.pg_index as i where i.indrelid >= 16384 and i.indislive
), looked as (
  insert into pgmend.statistics_look as l (name, looked_at, reset_at, transactions)
  select 'last', now.at, now.stats_reset, now.transactions from now
  on conflict (name) do update
  set looked_at = excluded.looked_at, reset_at = excluded.reset_at, transactions = excluded.transactions
), forgotten as (
  delete from pgmend.idle_index as x
  where not exists (select from used as u where u.oid = x.index_oid and not u.ever)
), remembered as (
  insert into pgmend.idle_index as x (index_oid, idle_since)
  select u.oid, now.at from used as u cross join now cross join gone_on as g
  where not u.ever and (not g.yes or not exists (select from pgmend.idle_index as i where i.index_oid = u.oid))
  on conflict (index_oid) do update set idle_since = excluded.idle_since
)
select u.oid::bigint, coalesce(u.at, x.idle_since), c.relpages
from used as u cross join now cross join gone_on as g
join pg_catalog.pg_class as c on c.oid = u.oid
left join pgmend.idle_index as x on x.index_oid = u.oid and not u.ever and g.yes
where coalesce(u.at, x.idle_since) < now.at - %(long_enough)s
"""
# One that is away for a while has a slot, if it is to come back without being made anew.
_STANDBYS = """
select exists (
  select from pg_catalog.pg_replication_slots as s where s.slot_type = 'physical'
) or exists (
  select from pg_catalog.pg_stat_replication as r
  where not exists (
    select from pg_catalog.pg_replication_slots as s where s.active_pid = r.pid and s.slot_type = 'logical'
  )
)
"""


class IdleIndex(NamedTuple):
    """Since when no use of an index was counted, and how many pages it has as far as the planner knows."""

    since: datetime
    pages: int


@dataclass(frozen=True, slots=True)
class Idleness:
    """The indexes that were idle for LONG_ENOUGH; `standbys`: others may have used what is not counted here."""

    indexes: Mapping[Oid, IdleIndex]
    standbys: bool


async def watch(connection: AsyncConnection[TupleRow]) -> Idleness:
    """Look at the use of all indexes, and remember which are idle. To be asked again before LONGEST_GAP is over."""
    has_last = connection.info.server_version >= _LAST_SCAN_SINCE
    last = "pg_catalog.pg_stat_get_lastscan(i.indexrelid)" if has_last else "null::timestamptz"
    parameters = {"longest_gap": LONGEST_GAP, "long_enough": LONG_ENOUGH}
    rows = await (await connection.execute(_WATCH.format(last_scan=last), parameters)).fetchall()  # pyright: ignore[reportArgumentType]
    standbys = await (await connection.execute(_STANDBYS)).fetchone()
    return Idleness({oid: IdleIndex(since, pages) for oid, since, pages in rows}, bool(standbys and standbys[0]))
