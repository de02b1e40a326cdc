"""`pgmend.ignored_issue`: what people, and files of a repository, chose to live with."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row

# In catalogs only: a name in a schema that is closed to us, or is not there, would be an error.
_READABLE = """
select exists (
  select from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where n.nspname = 'pgmend' and c.relname = 'ignored_issue' and pg_catalog.has_schema_privilege(n.oid, 'usage')
    and pg_catalog.has_table_privilege(c.oid, 'select'))
"""
# Python has no date for 'infinity' or the year 10000, and both mean: without an end.
_READ = """
select issue_id, reason, ignored_by as owner, case when until < '9999-12-31' then until end as until, definition_hash
from pgmend.ignored_issue where coalesce(until > clock_timestamp(), true)
"""
_PUT = """
with put as (
  insert into pgmend.ignored_issue (issue_id, reason, ignored_by, until, definition_hash, source)
  select said.issue_id, said.reason, said.owner, said.until, said.definition_hash, %(source)s
  from unnest(%(issue_ids)s::text[], %(reasons)s::text[], %(owners)s::text[], %(untils)s::timestamptz[],
    %(definitions)s::text[]) as said (issue_id, reason, owner, until, definition_hash)
  on conflict (issue_id) do update set reason = excluded.reason, ignored_by = excluded.ignored_by,
    until = excluded.until, definition_hash = excluded.definition_hash, source = excluded.source,
    ignored_at = clock_timestamp()
  where ignored_issue.source is not null
    and (ignored_issue.reason, ignored_issue.ignored_by, ignored_issue.until, ignored_issue.definition_hash)
      is distinct from (excluded.reason, excluded.ignored_by, excluded.until, excluded.definition_hash)
  returning issue_id, reason, ignored_by, until
)
insert into pgmend.audit (action, object, detail)
select 'issue.ignore', issue_id, jsonb_build_object('reason', reason, 'owner', ignored_by, 'until', until,
  'source', %(source)s::text)
from put
"""
_TAKE_BACK = """
with gone as (
  delete from pgmend.ignored_issue where source is not null and issue_id <> all(%(issue_ids)s::text[])
  returning issue_id
)
insert into pgmend.audit (action, object, detail)
select 'issue.ignore.end', issue_id, jsonb_build_object('source', %(source)s::text) from gone
"""


@dataclass(frozen=True, slots=True)
class Ignoring:
    """Who chose to live with an issue, why, until when, and with what it said then (None: whatever it says)."""

    issue_id: str
    reason: str
    owner: str
    until: datetime | None = None
    definition_hash: str | None = None


async def read_ignored(connection: AsyncConnection[TupleRow]) -> Mapping[str, Ignoring]:
    """What is ignored in this database by issue id; nothing where pgmend is not installed or not to be read by us."""
    row = await (await connection.execute(_READABLE)).fetchone()
    if not (row and row[0]):
        return {}
    async with connection.cursor(row_factory=class_row(Ignoring)) as cursor:
        await cursor.execute(_READ)
        return {each.issue_id: each async for each in cursor}


async def follow_file(connection: AsyncConnection[TupleRow], source: str, said: Collection[Ignoring]) -> None:
    """Have the rows that come from files say what this one does; what somebody said here stays as it is."""
    columns = {
        "source": source,
        "issue_ids": [each.issue_id for each in said],
        "reasons": [each.reason for each in said],
        "owners": [each.owner for each in said],
        "untils": [each.until for each in said],
        "definitions": [each.definition_hash for each in said],
    }
    async with connection.transaction():
        await connection.execute(_PUT, columns)
        await connection.execute(_TAKE_BACK, columns)
