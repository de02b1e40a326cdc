"""Sessions that would read a table as empty once it was written anew: those whose snapshot is older than that.

ALTER TABLE is not MVCC-safe where it rewrites: every row of the new table is that transaction's own, so that a snapshot
taken before its commit sees none of them. What counts is `backend_xmin`, which every role may see of every session: it
is set as long as a transaction of REPEATABLE READ or SERIALIZABLE holds a snapshot, a dump's and an exported one too,
and while any statement runs. READ COMMITTED takes a new snapshot for each statement and has none in between. Of a
statement that runs, one that waits for our lock included, nobody can tell which of the two it is: it counts.

A column that was filled reads as NULL in a snapshot from before that: there it is those that count, and no later ones.

Not in the way: other databases' sessions; the server's own processes (autovacuum) and VACUUM, which read no tables for
anybody; prepared transactions, which never read again. Transactions on standbys cannot be seen from here.
"""

from __future__ import annotations

from collections.abc import Collection

from psycopg import sql

from ..composed import verbatim
from ..plan import Sweep
from ..sqlstates import OLDER_SNAPSHOT

_MOST_NAMED = 5
# A transaction's first look at pg_stat_activity is kept for its later ones: it has to be thrown away.
_BODY = """
declare holders text; processes text;
begin
  perform pg_catalog.pg_stat_clear_snapshot();
  select pg_catalog.string_agg(pg_catalog.concat('process ', pid, ' of ' || nullif(application_name, ''),
      ' as ' || usename, ' (' || state || ')',
      coalesce(' in a transaction since '
        || pg_catalog.round(extract(epoch from pg_catalog.clock_timestamp() - xact_start)::numeric, 1) || ' s',
        ' with a snapshot ' || pg_catalog.age(backend_xmin) || ' transactions old')), '; ' order by place)
    filter (where place <= {most_named}) || case when pg_catalog.max(place) > {most_named}
      then pg_catalog.format('; and %s more', pg_catalog.max(place) - {most_named}) else '' end,
    pg_catalog.string_agg(pid::text, ' ' order by place) filter (where place <= {most_named})
  into holders, processes
  from (
    select a.*, pg_catalog.row_number() over (order by pg_catalog.age(a.backend_xmin) desc, a.pid) as place
    from pg_catalog.pg_stat_activity a
    where a.datname = pg_catalog.current_database() and a.backend_xmin is not null and a.usesysid is not null and {old}
      and a.pid <> pg_catalog.pg_backend_pid() and a.pid <> all({own}::int[])
      and not exists (select from pg_catalog.pg_stat_progress_vacuum v where v.pid = a.pid)
      and ({passing_too} or (a.state = 'active' and a.xact_start > pg_catalog.clock_timestamp() - interval '1 s')
        is not true)
  ) as holder;
  if holders is not null then
    raise exception using errcode = {sqlstate}, message = 'a session has an older snapshot', detail = holders,
      hint = processes;
  end if;
end
"""

_FROM_BEFORE = """exists (
  select from ({end}) as ended where pg_catalog.age(a.backend_xmin) >= pg_catalog.age(ended.finished_by::xid)
    and coalesce(a.xact_start <= ended.finished_at, true))"""
_END = sql.SQL(
    """select b.finished_by, b.finished_at from pgmend.backfill b
where b.table_oid = {table}::oid and b.column_number = {column}"""
)


def none_older(own: Collection[int], *, passing_too: bool, old: sql.Composable | None = None) -> sql.Composed:
    """A statement that fails where there is one, and names who has it; the processes `own` do not count.

    It fails with SQLSTATE `sqlstates.OLDER_SNAPSHOT`; the hint has their process ids. Right before the commit it has to
    be asked with `passing_too`. Without, those are left out that may well be over by then: statements of transactions
    younger than a second. `old` says of a session `a` in SQL whether its snapshot is old enough to count; else any is.
    """
    body = sql.SQL(_BODY).format(
        most_named=_MOST_NAMED,
        own=list(own),
        passing_too=passing_too,
        sqlstate=sql.Literal(OLDER_SNAPSHOT),
        old=sql.SQL("true") if old is None else old,
    )
    return sql.SQL("do {}").format(sql.Literal(body.as_string()))


def none_from_before(sweep: Sweep) -> sql.Composed:
    """A statement that fails where a session has a snapshot from before the end of the sweep, and names who has it.

    Who began a transaction after it has none, whatever older transaction holds `backend_xmin` back.
    """
    end = _END.format(table=sql.Literal(sweep.table), column=verbatim(sweep.column))
    return none_older((), passing_too=True, old=sql.SQL(_FROM_BEFORE).format(end=end))
