"""Rows of schema pgmend put there as the listener puts them, for tests of what people ask about them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from pgmend.listener.evidence import Evidence
from pgmend.listener.fixes.plan import Check, Hazard, Lock, Plan, Step
from pgmend.listener.fixes.queue.book import propose
from pgmend.listener.hearing.lease import Lease, take_lease
from pgmend.listener.issue import Issue, Severity, issue_id
from pgmend.listener.remedy import CreateIndex
from pgmend.listener.store.issues import open_or_change
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from .database import Database

ISSUE = Issue(
    issue_id="",
    issue_type="MISSING_INDEX",
    severity=Severity.MEDIUM,
    schema="public",
    table="orders",
    column="user_id",
    object_name="",
    table_oid=1,
    current_state="no index begins with (user_id)",
    expected_state="an index on (user_id)",
    evidence=(Evidence("foreign_key", 3.0, "orders_user_id_fkey is on it"), Evidence("size", -1.0, "it has 3 rows")),
)


async def plant_issue(connection: AsyncConnection[TupleRow], **changes: Any) -> Issue:
    """An issue written as the analyst writes it; `changes` are fields of Issue."""
    issue = replace(ISSUE, **changes)
    named = issue_id(issue.issue_type, issue.schema, issue.table, issue.column, issue.object_name)
    issue = replace(issue, issue_id=named, definition_hash=issue.definition_hash or issue.current_state)
    await open_or_change(connection, [issue])
    return issue


async def plant_missing_index(database: Database, connection: AsyncConnection[TupleRow]) -> Issue:
    """A table `public.orders` whose `user_id` has no index, and the issue that says so."""
    database.execute("create table public.orders (id bigint primary key, user_id bigint)")
    oid = database.value("select 'public.orders'::regclass::oid::bigint")
    return await plant_issue(connection, table_oid=oid, remedy=CreateIndex(oid, (2,)))


async def plant_fix(connection: AsyncConnection[TupleRow], issue: Issue, state: str = "proposed") -> UUID:
    """A fix written as the mender writes it, put into `state` directly."""
    fix_id = uuid4()
    step = Step("create it", ("create index a on b (c)",), False, "select 'done'", (Lock("ShareLock", "b"),))
    plan = Plan(
        kind="create_index",
        issue_id=issue.issue_id,
        summary="index b (c)",
        remedy=CreateIndex(1, (2,)),
        steps=(step,),
        inverse=(replace(step, title="drop it", statements=("drop index a",)),),
        checks=(Check("free_name", "select 1 where false", "nothing is called a"),),
        hazards=(Hazard.INDEX_BUILD,),
        affected_rows=7,
    )
    await propose(connection, fix_id, plan)
    if state != "proposed":
        await connection.execute("update pgmend.fix set state = %s where fix_id = %s", (state, fix_id))
    return fix_id


async def lead(connection: AsyncConnection[TupleRow], holder: str = "listener-1") -> Lease:
    """The lease, taken as a listener takes it; nobody keeps it alive."""
    lease = await take_lease(connection, holder)
    assert lease is not None
    return lease
