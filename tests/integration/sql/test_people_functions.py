"""The functions for people who live in psql, with the listener down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from tests.support.role import Roles

from .conftest import Connect

Connection = psycopg.Connection[Any]

LATER = datetime.now(UTC) + timedelta(days=1)
EARLIER = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture
def issue(admin: Connection) -> str:
    admin.execute(
        "insert into pgmend.issue (issue_id, issue_type, severity, schema_name, table_name, definition_hash) "
        "values ('one', 'MISSING_INDEX', 'medium', 'public', 'orders', 'hash')"
    )
    return "one"


def planned(connection: Connection, issue: str, state: str = "proposed", **columns: object) -> UUID:
    """A fix in `state`."""
    values = {
        "fix_id": uuid4(),
        "issue_id": issue,
        "kind": "create_index",
        "state": state,
        "plan": Jsonb({"summary": "create an index"}),
        "plan_hash": "hash",
        **columns,
    }
    statement = sql.SQL("insert into pgmend.fix ({}) values ({}) returning fix_id").format(
        sql.SQL(", ").join(map(sql.Identifier, values)), sql.SQL(", ").join(sql.Placeholder() * len(values))
    )
    (fix_id,) = connection.execute(statement, list(values.values())).fetchone() or (None,)
    assert isinstance(fix_id, UUID)
    return fix_id


def one(connection: Connection, query: str, *parameters: object) -> tuple[Any, ...]:
    row = connection.execute(query.encode(), parameters).fetchone()
    assert row is not None
    return row


def woken(listener: Connection) -> bool:
    return any(heard.channel == "pgmend" for heard in listener.notifies(timeout=5, stop_after=1))


def test_an_approved_fix_waits_in_its_row_and_rings(connect: Connect, admin: Connection, issue: str) -> None:
    listener = connect()
    listener.execute("listen pgmend")
    fix = planned(admin, issue)
    admin.execute("select pgmend.approve(%s)", [fix])
    assert one(admin, "select state, approved_by, approved_at is not null from pgmend.fix") == (
        "approved",
        "postgres",
        True,
    )
    assert woken(listener)


def test_every_transition_of_a_fix_is_audited_whoever_makes_it(connect: Connect, admin: Connection, issue: str) -> None:
    fix = planned(admin, issue, requested_by="ada")
    admin.execute("update pgmend.fix set state = 'approved', approved_by = 'grace'")
    admin.execute("update pgmend.fix set state = 'running'")
    admin.execute("update pgmend.fix set attempts = attempts + 1")
    admin.execute("update pgmend.fix set state = 'applied'")
    admin.execute("select pgmend.rollback(%s)", [fix])
    admin.execute("delete from pgmend.fix")
    rows = admin.execute(
        "select actor, action, object, detail ->> 'from' from pgmend.audit where action like 'fix.%' "
        "order by occurred_at"
    )
    assert rows.fetchall() == [
        ("ada", "fix.proposed", str(fix), None),
        ("grace", "fix.approved", str(fix), "proposed"),
        ("postgres", "fix.running", str(fix), "approved"),
        ("postgres", "fix.applied", str(fix), "running"),
        ("postgres", "fix.rollback_requested", str(fix), "applied"),
        ("postgres", "fix.deleted", str(fix), "rollback_requested"),
    ]


@pytest.mark.parametrize("column", ["plan", "plan_hash", "issue_id"])
def test_a_plan_never_changes(admin: Connection, issue: str, column: str) -> None:
    planned(admin, issue)
    admin.execute("insert into pgmend.issue (issue_id, issue_type, severity) values ('two', 'MISSING_INDEX', 'low')")
    value = {"plan": "'{}'", "plan_hash": "'other'", "issue_id": "'two'"}[column]
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as refused:
        admin.execute(f"update pgmend.fix set {column} = {value}".encode())
    assert "new fix" in (refused.value.diag.message_hint or "")


@pytest.mark.parametrize(
    "state", ["approved", "queued", "running", "deferred", "applied", "refused", "failed", "superseded"]
)
def test_only_a_proposed_fix_is_approved(admin: Connection, issue: str, state: str) -> None:
    fix = planned(admin, issue, state)
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match=f"{fix} is {state}") as refused:
        admin.execute("select pgmend.approve(%s)", [fix])
    assert refused.value.diag.message_hint


@pytest.mark.parametrize("state", ["queued", "deferred"])
def test_an_automatic_fix_that_waits_becomes_that_of_who_approves_it(admin: Connection, issue: str, state: str) -> None:
    fix = planned(admin, issue, state, automatic=True, next_attempt_at=LATER)
    admin.execute("select pgmend.approve(%s)", [fix])
    assert one(admin, "select state, automatic, approved_by, next_attempt_at from pgmend.fix") == (
        "approved",
        False,
        "postgres",
        None,
    )


@pytest.mark.parametrize("state", ["running", "applied", "superseded"])
def test_an_automatic_fix_that_does_not_wait_is_not_approved(admin: Connection, issue: str, state: str) -> None:
    fix = planned(admin, issue, state, automatic=True)
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match=f"{fix} is {state}"):
        admin.execute("select pgmend.approve(%s)", [fix])


@pytest.mark.parametrize("state", ["proposed", "running", "rollback_requested", "rolled_back", "refused"])
def test_only_an_applied_fix_is_rolled_back(admin: Connection, issue: str, state: str) -> None:
    fix = planned(admin, issue, state)
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match=f"{fix} is {state}") as refused:
        admin.execute("select pgmend.rollback(%s)", [fix])
    assert refused.value.diag.message_hint


@pytest.mark.parametrize(
    ("plan", "undo_until", "reason", "hint"),
    [
        (
            {"inverse": [{}], "backups": []},
            datetime(2026, 5, 4, 12, 34, tzinfo=UTC),
            "cannot be undone any more: its undo was kept until 2026-05-04 12:34 UTC",
            "rollback_window",
        ),
        (
            {"inverse": [{}], "backups": ["pgmend_backup.a"]},
            EARLIER,
            "cannot be undone any more: its backup has expired",
            "plan -> 'inverse'",
        ),
        ({"inverse": [{}], "backups": ["pgmend_backup.a"]}, LATER, "cannot be undone: its backup is gone", "inverse"),
        ({"inverse": [], "no_inverse": "It answers."}, LATER, "has nothing to undo", "It answers."),
        ({"inverse": [], "no_inverse": None}, None, "has nothing to undo", "rollbacks_available"),
    ],
    ids=["its time is over", "its backup has expired", "its backup is gone", "nothing to undo", "nothing to say"],
)
def test_a_rollback_that_cannot_be_is_refused_with_the_reason(
    admin: Connection, issue: str, plan: dict[str, Any], undo_until: datetime | None, reason: str, hint: str
) -> None:
    fix = planned(admin, issue, "applied", plan=Jsonb(plan), undo_until=undo_until)
    if "expired" in reason:
        admin.execute(
            "insert into pgmend.backup (fix_id, relation_name, relation_oid, kind, expires_at)"
            " values (%s, 'a', 4711, 'spelling', now())",
            [fix],
        )
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match=f"{fix} {reason}") as refused:
        admin.execute("select pgmend.rollback(%s)", [fix])
    assert hint in (refused.value.diag.message_hint or "")
    assert one(admin, "select state from pgmend.fix") == ("applied",)


def test_a_rollback_waits_in_its_row_and_rings(connect: Connect, admin: Connection, issue: str) -> None:
    listener = connect()
    listener.execute("listen pgmend")
    fix = planned(admin, issue, "applied")
    admin.execute("select pgmend.rollback(%s)", [fix])
    assert one(admin, "select state, rollback_requested_by from pgmend.fix") == ("rollback_requested", "postgres")
    assert woken(listener)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        ("pgmend.approve('11111111-1111-1111-1111-111111111111')", "11111111-1111-1111-1111-111111111111"),
        ("pgmend.rollback('11111111-1111-1111-1111-111111111111')", "11111111-1111-1111-1111-111111111111"),
        ("pgmend.ignore('no such issue', 'reason')", "no such issue"),
        ("pgmend.approve(null)", "null"),
        ("pgmend.rollback(null)", "null"),
        ("pgmend.ignore(null, 'reason')", "null"),
    ],
)
def test_an_unknown_id_is_named_with_a_cure(admin: Connection, call: str, named: str) -> None:
    with pytest.raises(psycopg.errors.NoDataFound, match=named) as refused:
        admin.execute(f"select {call}".encode())
    assert "select" in (refused.value.diag.message_hint or "")


@pytest.mark.parametrize(
    "call",
    [
        "pgmend.ignore('one', '')",
        "pgmend.ignore('one', '  ')",
        "pgmend.ignore('one', null)",
        "pgmend.ignore('one', 'reason', '2000-01-01')",
        "pgmend.pause('')",
        "pgmend.pause(null)",
        "pgmend.pause('reason', '2000-01-01')",
        "pgmend.expire('-1 day')",
        "pgmend.expire('1 day', 0)",
        "pgmend.expire(null)",
    ],
)
@pytest.mark.usefixtures("issue")
def test_a_senseless_argument_changes_nothing(admin: Connection, call: str) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue) as refused:
        admin.execute(f"select {call}".encode())
    assert refused.value.diag.message_hint
    assert one(admin, "select count(*) from pgmend.audit where action <> 'instance.adopt'") == (0,)


def test_automatic_is_on_or_off(admin: Connection) -> None:
    with pytest.raises(psycopg.errors.NullValueNotAllowed):
        admin.execute("select pgmend.auto(null)")
    admin.execute("select pgmend.auto(false)")
    assert one(admin, "select automatic from pgmend.policy") == (False,)
    assert one(admin, "select fixing from pgmend.status") == ("manual",)
    admin.execute("select pgmend.auto(true)")
    assert one(admin, "select fixing from pgmend.status") == ("automatic",)


def test_an_ignored_issue_keeps_what_it_was_about(admin: Connection, issue: str) -> None:
    admin.execute("select pgmend.ignore(%s, 'by design', %s)", [issue, LATER])
    assert one(admin, "select status from pgmend.issue") == ("ignored",)
    assert one(admin, "select reason, ignored_by, until, definition_hash from pgmend.ignored_issue") == (
        "by design",
        "postgres",
        LATER,
        "hash",
    )
    admin.execute("select pgmend.ignore(%s, 'still by design')", [issue])
    assert one(admin, "select reason, until from pgmend.ignored_issue") == ("still by design", None)
    assert one(admin, "select count(*) from pgmend.audit where action = 'issue.ignore' and object = 'one'") == (2,)


def test_a_resolved_issue_is_not_ignored(admin: Connection, issue: str) -> None:
    admin.execute("update pgmend.issue set status = 'resolved'")
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
        admin.execute("select pgmend.ignore(%s, 'reason')", [issue])


def test_a_pause_shows_and_ends(connect: Connect, admin: Connection) -> None:
    listener = connect()
    listener.execute("listen pgmend")
    admin.execute("select pgmend.pause('deployment', %s)", [LATER])
    assert one(admin, "select fixing, pause_reason, paused_until from pgmend.status") == ("paused", "deployment", LATER)
    assert woken(listener)
    admin.execute("select pgmend.resume()")
    assert one(admin, "select fixing, pause_reason, paused_until from pgmend.status") == ("automatic", None, None)
    assert [
        row[0]
        for row in admin.execute("select action from pgmend.audit where action like 'policy.%' order by occurred_at")
    ] == [
        "policy.pause",
        "policy.resume",
    ]


def test_a_pause_is_over_when_its_time_is(admin: Connection) -> None:
    admin.execute("select pgmend.pause('deployment', %s)", [LATER])
    admin.execute("update pgmend.policy set paused_until = %s", [EARLIER])
    assert one(admin, "select fixing from pgmend.status") == ("automatic",)


def test_a_requested_scan_waits_in_its_row_and_rings(connect: Connect, admin: Connection) -> None:
    listener = connect()
    listener.execute("listen pgmend")
    (scan_id,) = one(admin, "select pgmend.request_scan()")
    assert one(admin, "select scan_id, kind, requested_by, started_at from pgmend.scan") == (
        scan_id,
        "requested",
        "postgres",
        None,
    )
    assert woken(listener)


def test_a_person_needs_no_right_on_the_tables(connect: Connect, admin: Connection, issue: str, role: Roles) -> None:
    """A DBA grants one function; it records who called it."""
    person = role()
    fix = planned(admin, issue)
    admin.execute(
        sql.SQL("grant usage on schema pgmend to {0}; grant execute on function pgmend.approve(uuid) to {0}").format(
            person.identifier
        )
    )
    session = connect(person)
    session.execute("select pgmend.approve(%s)", [fix])
    assert one(admin, "select approved_by from pgmend.fix") == (person.name,)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute("select pgmend.resume()")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute("select from pgmend.fix")


def test_two_people_cannot_approve_the_same_fix_twice(connect: Connect, admin: Connection, issue: str) -> None:
    fix = planned(admin, issue)
    one_person, other = connect(), connect()
    with one_person.transaction():
        one_person.execute("select pgmend.approve(%s)", [fix])
        other.execute("set lock_timeout = '100ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute("select pgmend.approve(%s)", [fix])
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
        other.execute("select pgmend.approve(%s)", [fix])


def test_history_expires_in_batches_and_what_is_needed_stays(connect: Connect, admin: Connection, issue: str) -> None:
    done, going = planned(admin, issue, "applied"), planned(admin, issue, "running")
    for fix in (done, going):
        admin.execute(
            "insert into pgmend.fix_step (fix_id, direction, ordinal, attempt, title, statements, state, started_at) "
            "values (%s, 'apply', 1, 1, 'step', '{}', 'intended', now() - interval '100 days')",
            [fix],
        )
    admin.execute(
        "insert into pgmend.audit (occurred_at, action) "
        "select now() - n * interval '1 day', 'old' from generate_series(1, 200) n;"
        "insert into pgmend.scan (kind, recorded_at) "
        "select 'full', now() - n * interval '1 day' from generate_series(1, 200) n;"
        "insert into pgmend.change (table_oid, schema_name, table_name, kind, seen_at) "
        "select 1, 's', 't', 'k', now() - n * interval '1 day' from generate_series(1, 200) n;"
        "insert into pgmend.ddl_log (transaction_id, statement_started_at, position, kind, command_tag, session_role, "
        "effective_role, backend_pid, occurred_at) "
        "select '1', now(), 1, 'drop', 'DROP TABLE', 'r', 'r', 1, now() - n * interval '1 day' "
        "from generate_series(1, 200) n;"
        "insert into pgmend.own_backend (backend_pid, backend_start, registered_at) values "
        "(pg_backend_pid(), now(), now() - interval '100 days'), (-1, now(), now() - interval '100 days')"
    )
    deleted = []
    while batch := one(admin, "select pgmend.expire('90 days', 100)")[0]:
        deleted.append(batch)
    # Of four tables 111 rows each are older (and the row of the 90th day by the time this runs), one step, one backend.
    assert deleted == [402, 44]
    assert one(admin, "select array_agg(fix_id) from pgmend.fix_step") == ([going],)
    assert one(admin, "select count(*) from pgmend.own_backend where backend_pid = pg_backend_pid()") == (1,)
    assert one(admin, "select min(occurred_at) > now() - interval '90 days' from pgmend.ddl_log") == (True,)
