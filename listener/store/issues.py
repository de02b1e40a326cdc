"""`pgmend.issue`: what is wrong, opened and resolved once each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row
from psycopg.types.json import Jsonb

from ..evidence import Evidence
from ..issue import Issue, Severity
from ..remedy import Remedy
from ..source.site import CodeSite

if TYPE_CHECKING:
    from pydantic import TypeAdapter

# What pgmend.all_issues says of an issue that is found now, whose row is not there yet or says less.
_STATUS_FOUND = """case
    when exists (
      select from pgmend.ignored_issue as ignored
      where ignored.issue_id = %(issue_id)s and coalesce(ignored.until > clock_timestamp(), true)
        and coalesce(ignored.definition_hash = %(definition_hash)s, true))
    then 'ignored' else 'open' end"""
_UPSERT = f"""
insert into pgmend.issue (issue_id, issue_type, severity, status, schema_name, table_name, column_name, object_name,
  table_oid, current_state, expected_state, evidence, remedy, auto_fixable, why_not_auto, backlog, event_id,
  definition_hash, file, line, column_offset, statement, sqlstate, opened_at, changed_at, resolved_at)
values (%(issue_id)s, %(issue_type)s, %(severity)s, {_STATUS_FOUND}, %(schema)s, %(table)s, %(column)s, %(object_name)s,
  %(table_oid)s, %(current_state)s, %(expected_state)s, %(evidence)s, %(remedy)s, false, %(doubt)s, %(backlog)s,
  %(event_id)s, %(definition_hash)s, %(file)s, %(line)s, %(column_offset)s, %(statement)s, %(sqlstate)s,
  clock_timestamp(), clock_timestamp(), null)
on conflict (issue_id) do update set severity = excluded.severity, schema_name = excluded.schema_name,
  table_name = excluded.table_name, column_name = excluded.column_name, object_name = excluded.object_name,
  table_oid = excluded.table_oid, current_state = excluded.current_state, expected_state = excluded.expected_state,
  evidence = excluded.evidence, remedy = excluded.remedy, why_not_auto = excluded.why_not_auto,
  definition_hash = excluded.definition_hash, status = excluded.status, file = excluded.file, line = excluded.line,
  column_offset = excluded.column_offset, statement = excluded.statement, sqlstate = excluded.sqlstate,
  opened_at = case when issue.status = 'resolved' then excluded.opened_at else issue.opened_at end,
  backlog = case when issue.status = 'resolved' then excluded.backlog else issue.backlog end,
  event_id = case when issue.status = 'resolved' then excluded.event_id
    else coalesce(issue.event_id, excluded.event_id) end,
  auto_fixable = case when issue.status = 'resolved' then false else issue.auto_fixable end,
  changed_at = excluded.changed_at, resolved_at = null, resolved_because = null
"""
_RESOLVE = """
update pgmend.issue set status = 'resolved', resolved_at = clock_timestamp(), changed_at = clock_timestamp(),
  resolved_because = done.because
from unnest(%s::text[], %s::text[]) as done (issue_id, because)
where issue.issue_id = done.issue_id and issue.status <> 'resolved'
"""
_BACKLOG_AGAIN = """
select issue_id from unnest(%s::text[], %s::text[]) as back (issue_id, definition_hash)
join pgmend.issue using (issue_id, definition_hash)
where issue.backlog and issue.status = 'resolved'
  and not exists (select from pgmend.fix where fix.issue_id = issue.issue_id and fix.state = 'applied')
"""
_FOLLOW = """
with late as (
  select issue.issue_id, now.status from pgmend.issue join pgmend.all_issues as now on now.issue_id = issue.issue_id
  where now.status <> issue.status for update of issue skip locked)
update pgmend.issue set status = late.status, changed_at = clock_timestamp()
from late where late.issue_id = issue.issue_id
returning issue.issue_id, issue.status
"""
_COLUMNS = """
issue_id, issue_type, severity, status, schema_name, table_name, column_name, object_name, table_oid::bigint,
current_state, expected_state, evidence, remedy, auto_fixable, why_not_auto, backlog, event_id::text, definition_hash,
opened_at, changed_at, resolved_at, file, line, column_offset, statement, sqlstate
"""


@dataclass(frozen=True, slots=True)
class IssueRecord:
    """One row of `pgmend.all_issues`."""

    issue_id: str
    issue_type: str
    severity: str
    status: str
    schema_name: str
    table_name: str
    column_name: str | None
    object_name: str | None
    table_oid: int
    current_state: str
    expected_state: str
    evidence: list[dict[str, Any]]
    remedy: dict[str, Any] | None
    auto_fixable: bool
    why_not_auto: str | None
    backlog: bool
    event_id: str | None
    definition_hash: str
    opened_at: datetime
    changed_at: datetime
    resolved_at: datetime | None
    file: str | None
    line: int | None
    column_offset: int | None
    statement: str | None
    sqlstate: str | None

    @property
    def site(self) -> CodeSite | None:
        """Where in the code it is."""
        return site(self.file, self.line, self.column_offset, self.statement, self.sqlstate)

    def to_issue(self) -> Issue:
        """The value that rules and planners work with."""
        return Issue(
            issue_id=self.issue_id,
            issue_type=self.issue_type,
            severity=Severity(self.severity),
            schema=self.schema_name,
            table=self.table_name,
            column=self.column_name or "",
            object_name=self.object_name or "",
            table_oid=self.table_oid,
            current_state=self.current_state,
            expected_state=self.expected_state,
            evidence=tuple(Evidence(**each) for each in self.evidence),
            remedy=remedy_from_json(self.remedy),
            backlog=self.backlog,
            event_id=self.event_id,
            definition_hash=self.definition_hash,
            site=self.site,
        )


def site(
    file: str | None, line: int | None, column_offset: int | None, statement: str | None, sqlstate: str | None
) -> CodeSite | None:
    """The place in code that those columns of an issue's row name."""
    return None if file is None else CodeSite(file, line or 0, column_offset or 0, statement or "", sqlstate)


async def open_or_change(connection: AsyncConnection[TupleRow], issues: Iterable[Issue]) -> None:
    """Write new issues and changed ones; a resolved one that comes back is opened anew, save where it is ignored, as
    `pgmend.all_issues` says."""
    rows = [_row(issue) for issue in issues]
    if rows:
        async with connection.cursor() as cursor:
            await cursor.executemany(_UPSERT, rows)


async def resolve(
    connection: AsyncConnection[TupleRow], issue_ids: Sequence[str], because: Mapping[str, str] | None = None
) -> None:
    """Say that these are no more; `because` says of some that nobody looks for them any more."""
    if issue_ids:
        reasons = [(because or {}).get(each) for each in issue_ids]
        await connection.execute(_RESOLVE, (list(issue_ids), reasons))


async def read_backlog(connection: AsyncConnection[TupleRow]) -> frozenset[str]:
    """The ids of all that ever was backlog, resolved or not."""
    rows = await (await connection.execute("select issue_id from pgmend.issue where backlog")).fetchall()
    return frozenset(issue_id for (issue_id,) in rows)


async def backlog_again(connection: AsyncConnection[TupleRow], issues: Sequence[Issue]) -> frozenset[str]:
    """The ids of those that were backlog, went without a fix of theirs in force, and now are back as they were."""
    if not issues:
        return frozenset()
    ids, hashes = [each.issue_id for each in issues], [each.definition_hash for each in issues]
    rows = await (await connection.execute(_BACKLOG_AGAIN, (ids, hashes))).fetchall()
    return frozenset(issue_id for (issue_id,) in rows)


async def follow_ignored(connection: AsyncConnection[TupleRow]) -> dict[str, str]:
    """Bring `pgmend.issue.status` after `pgmend.all_issues`; the new status of each issue that had another."""
    return dict(await (await connection.execute(_FOLLOW)).fetchall())


async def read_open(connection: AsyncConnection[TupleRow]) -> list[IssueRecord]:
    """Every issue that is not resolved (ignored ones too), worst first."""
    return await _read(connection, "where status <> 'resolved'", ())


async def read_issue(connection: AsyncConnection[TupleRow], issue_id: str) -> IssueRecord | None:
    """One issue by its id, whatever its status."""
    found = await _read(connection, "where issue_id = %s", (issue_id,))
    return found[0] if found else None


async def judge_automation(connection: AsyncConnection[TupleRow], verdicts: Iterable[tuple[str, str | None]]) -> None:
    """Store for each issue id why it is not fixed alone (None: it will be)."""
    rows = [(why is None, why, issue, why is None, why) for issue, why in verdicts]
    async with connection.cursor() as cursor:
        await cursor.executemany(
            "update pgmend.issue set auto_fixable = %s, why_not_auto = %s"
            " where issue_id = %s and (auto_fixable, why_not_auto) is distinct from (%s, %s)",
            rows,
        )


async def _read(
    connection: AsyncConnection[TupleRow], condition: str, parameters: tuple[object, ...]
) -> list[IssueRecord]:
    order = "order by array_position(array['critical', 'medium', 'low'], severity), schema_name, table_name, issue_id"
    query = f"select {_COLUMNS} from pgmend.all_issues {condition} {order}"
    async with connection.cursor(row_factory=class_row(IssueRecord)) as cursor:
        await cursor.execute(query.encode(), parameters)
        return await cursor.fetchall()


def _row(issue: Issue) -> dict[str, object]:
    return {
        "issue_id": issue.issue_id,
        "issue_type": issue.issue_type,
        "severity": issue.severity.value,
        "schema": issue.schema,
        "table": issue.table,
        "column": issue.column or None,
        "object_name": issue.object_name or None,
        "table_oid": issue.table_oid,
        "current_state": issue.current_state,
        "expected_state": issue.expected_state,
        "evidence": Jsonb([{"kind": e.kind, "weight": e.weight, "seen": e.seen} for e in issue.evidence]),
        "remedy": Jsonb(remedy_to_json(issue.remedy)),
        "doubt": issue.doubt,
        "backlog": issue.backlog,
        "event_id": issue.event_id,
        "definition_hash": issue.definition_hash,
        "file": issue.site and issue.site.file,
        "line": issue.site and issue.site.line,
        "column_offset": issue.site and issue.site.column_offset,
        "statement": issue.site and issue.site.statement,
        "sqlstate": issue.site and issue.site.sqlstate,
    }


def remedy_to_json(remedy: Remedy | None) -> dict[str, Any] | None:
    """A remedy as `pgmend.issue.remedy` holds it."""
    return None if remedy is None else _remedy().dump_python(remedy, mode="json")


def remedy_from_json(value: dict[str, Any] | None) -> Remedy | None:
    """The remedy that `remedy_to_json` wrote."""
    return None if value is None else _remedy().validate_python(value)


@cache
def _remedy() -> TypeAdapter[Remedy]:
    from pydantic import TypeAdapter  # noqa: PLC0415 - a check without remedies need not load it

    return TypeAdapter(Remedy)
