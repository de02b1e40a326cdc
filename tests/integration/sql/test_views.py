"""The views that people read in psql."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from .conftest import Connect

Connection = psycopg.Connection[Any]


@pytest.fixture
def one(connect: Connect) -> Connection:
    return connect(row_factory=psycopg.rows.dict_row)


def row(connection: Connection, query: str) -> dict[str, Any]:
    (found,) = connection.execute(query.encode()).fetchall()
    return found


def beat(connection: Connection, when: str = "now()") -> None:
    connection.execute(
        "insert into pgmend.lease (name, token, holder, acquired_at, heartbeat_at, next_scan_at) "
        f"values ('leader', gen_random_uuid(), 'host:1', now(), {when}, now() + interval '5 min') "
        f"on conflict (name) do update set heartbeat_at = {when}".encode()
    )


def test_status_is_one_row_from_the_first_moment(one: Connection) -> None:
    status = row(one, "select * from pgmend.status")
    assert status["status"] == "stopped"
    assert status["fixing"] == "automatic"
    assert status["detection"] == "events"
    assert (status["leader"], status["last_check"], status["next_check"]) == (None, None, None)
    assert (status["total_fixes"], status["active_critical_issues"], status["backlog"], status["queue"]) == (0, 0, 0, 0)


def test_status_follows_the_heartbeat(one: Connection) -> None:
    beat(one)
    status = row(one, "select * from pgmend.status")
    assert (status["status"], status["leader"], status["next_check"] is not None) == ("running", "host:1", True)
    beat(one, "now() - interval '1 minute'")
    assert row(one, "select status, leader from pgmend.status") == {"status": "stopped", "leader": None}
    beat(one, "'-infinity'")
    assert row(one, "select status from pgmend.status") == {"status": "stopped"}


def test_status_is_degraded_while_the_last_scan_could_not_look(one: Connection) -> None:
    beat(one)
    one.execute("insert into pgmend.scan (kind, finished_at, outcome) values ('full', now(), 'could_not_run')")
    assert row(one, "select status from pgmend.status") == {"status": "degraded"}
    one.execute("insert into pgmend.scan (kind, finished_at, outcome) values ('full', now(), 'complete')")
    assert row(one, "select status, last_check is not null as looked from pgmend.status") == {
        "status": "running",
        "looked": True,
    }
    one.execute("select pgmend.request_scan()")
    assert row(one, "select status from pgmend.status") == {"status": "running"}


@pytest.mark.parametrize(
    ("statement", "fixing"),
    [
        ("update pgmend.policy set auto_fix = 'none'", "manual"),
        ("select pgmend.auto(false)", "manual"),
        ("select pgmend.pause('x')", "paused"),
        ("select pgmend.auto(false), pgmend.pause('x')", "paused"),
        ("update pgmend.lease set observing = true", "observing"),
        ("update pgmend.instance set database_oid = 1", "observing"),
        ("update pgmend.instance set system_identifier = '1'", "observing"),
        ("update pgmend.instance set system_identifier = null", "automatic"),
    ],
)
def test_status_says_what_may_be_fixed(one: Connection, statement: str, fixing: str) -> None:
    beat(one)
    one.execute(statement.encode())
    assert row(one, "select fixing from pgmend.status") == {"fixing": fixing}


def test_a_disabled_event_trigger_is_no_detection_by_events(one: Connection) -> None:
    one.execute("alter event trigger pgmend_record_drop disable")
    assert row(one, "select detection from pgmend.status") == {"detection": "polling"}


def test_open_issues_come_worst_first_with_cause_and_fix(one: Connection) -> None:
    one.execute("create table public.orders ()")
    one.execute(
        """
        insert into pgmend.issue (issue_id, issue_type, severity, table_name, backlog, status, event_id) values
          ('low', 'UNUSED_INDEX', 'low', 'a', true, 'open', null),
          ('bad', 'TYPE_MISMATCH', 'critical', 'orders', false, 'open', (select event_id from pgmend.ddl_log)),
          ('gone', 'TYPE_MISMATCH', 'critical', 'c', false, 'resolved', null),
          ('hidden', 'TYPE_MISMATCH', 'critical', 'd', false, 'open', null);
        insert into pgmend.ignored_issue (issue_id, reason) values ('hidden', 'by design');
        insert into pgmend.fix (issue_id, kind, plan, plan_hash, state, created_at) values
          ('bad', 'change_type', '{"summary": "old plan"}', 'h', 'superseded', now()),
          ('bad', 'change_type', '{"summary": "change the type"}', 'h', 'proposed', now() - interval '1 minute');
        """
    )
    bad, low = one.execute("select * from pgmend.open_issues").fetchall()
    assert (bad["issue_id"], bad["summary"], bad["fix_state"]) == ("bad", "change the type", "proposed")
    assert (bad["caused_by"], bad["caused_with"]) == ("postgres", "CREATE TABLE")
    assert (low["issue_id"], low["fix_id"], low["caused_by"]) == ("low", None, None)
    assert row(one, "select active_critical_issues, backlog, open_issues, awaiting_approval from pgmend.status") == {
        "active_critical_issues": 1,
        "backlog": 1,
        "open_issues": 2,
        "awaiting_approval": 1,
    }


def test_fix_history_tells_how_far_a_fix_came(one: Connection) -> None:
    one.execute(
        """
        insert into pgmend.issue (issue_id, issue_type, severity, table_name) values ('i', 'MISSING_INDEX', 'low', 't');
        insert into pgmend.fix (fix_id, issue_id, kind, plan, plan_hash, state, started_at, finished_at)
        values (gen_random_uuid(), 'i', 'create_index', '{}', 'h', 'failed', now(), now() + interval '2 s');
        insert into pgmend.fix_step
          (fix_id, direction, ordinal, attempt, title, statements, state, started_at, error)
        select fix_id, 'apply', 1, 1, 'first', '{}'::text[], 'done', now(), null from pgmend.fix
        union all
        select fix_id, 'apply', 2, 1, 'second', '{}', 'failed', now() + interval '1 s', 'boom' from pgmend.fix;
        """
    )
    seen = row(one, "select * from pgmend.fix_history")
    assert (seen["state"], seen["summary"], seen["duration"].total_seconds()) == ("failed", "create_index", 2)
    assert (seen["steps_done"], seen["last_step"], seen["last_error"]) == (1, "second", "boom")


@pytest.mark.parametrize(
    ("columns", "available"),
    [
        ("'applied', null", True),
        ("'applied', now() + interval '1 day'", True),
        ("'applied', now() - interval '1 day'", False),
        ("'rolled_back', null", False),
        ("'rollback_requested', null", False),
    ],
)
def test_a_rollback_is_available_within_its_window(one: Connection, columns: str, available: bool) -> None:
    one.execute("insert into pgmend.issue (issue_id, issue_type, severity) values ('i', 'X', 'low')")
    one.execute(
        "insert into pgmend.fix (issue_id, kind, plan, plan_hash, state, undo_until) "
        f"values ('i', 'k', '{{}}', 'h', {columns})".encode()
    )
    assert len(one.execute("select * from pgmend.rollbacks_available").fetchall()) == available


def test_a_rollback_is_available_from_a_backup_after_its_window(one: Connection) -> None:
    one.execute(
        """
        insert into pgmend.issue (issue_id, issue_type, severity) values ('i', 'X', 'low');
        insert into pgmend.fix (issue_id, kind, plan, plan_hash, state, undo_until)
        values ('i', 'k', '{}', 'h', 'applied', now() - interval '1 day');
        insert into pgmend.backup (fix_id, relation_name, relation_oid, kind, bytes, expires_at)
        select fix_id, 'kept', 4711, 'column', 8192, now() + interval '1 day' from pgmend.fix;
        """
    )
    seen = row(one, "select backups, backup_bytes, rebuilds_from_backup from pgmend.rollbacks_available")
    assert seen == {"backups": 1, "backup_bytes": 8192, "rebuilds_from_backup": True}
    one.execute("update pgmend.backup set expires_at = now()")
    assert one.execute("select from pgmend.rollbacks_available").rowcount == 0


@pytest.mark.parametrize(
    ("plan", "available"),
    [
        ('{"inverse": [{}], "backups": []}', True),
        ('{"inverse": [], "no_inverse": "why"}', False),
        ('{"inverse": [{}], "backups": ["pgmend_backup.a"]}', False),
    ],
    ids=["without a backup", "nothing to undo", "its backup is gone"],
)
def test_a_rollback_is_available_where_there_is_one(one: Connection, plan: str, available: bool) -> None:
    one.execute("insert into pgmend.issue (issue_id, issue_type, severity) values ('i', 'X', 'low')")
    one.execute(
        "insert into pgmend.fix (issue_id, kind, plan, plan_hash, state, undo_until) "
        "values ('i', 'k', %s, 'h', 'applied', now() + interval '1 day')",
        [plan],
    )
    assert len(one.execute("select * from pgmend.rollbacks_available").fetchall()) == available


def test_recent_ddl_is_the_latest_first(one: Connection) -> None:
    one.execute("create table public.a ()")
    one.execute("alter table public.a add id int default 7")
    rows = one.execute("select command_tag, statement, session_role from pgmend.recent_ddl").fetchall()
    assert [seen["command_tag"] for seen in rows] == ["ALTER TABLE", "CREATE TABLE"]
    assert rows[0]["statement"] == "alter table public.a add id int default 7"
