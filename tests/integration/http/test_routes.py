"""What each route answers when all is well."""

from __future__ import annotations

import asyncio
from typing import Any

from pgmend.listener.issue import Severity
from pgmend.listener.store.scans import write_scan
from psycopg import AsyncConnection

from tests.integration.http.conftest import PREFIX, Api
from tests.support.database import Database
from tests.support.eventually import eventually
from tests.support.planted import lead, plant_fix, plant_issue, plant_missing_index


async def test_status_has_the_keys_of_the_contract(viewer: Api, connection: AsyncConnection[Any]) -> None:
    without = await viewer.get("/status")
    assert (without.status, without.body["status"], without.body["leader"]) == (200, "degraded", None)
    await lead(connection, "host-a:17")
    answer = await viewer.get("/status")
    assert answer.body | {"next_check": None} == {
        "status": "running",
        "fixing": "automatic",
        "detection": "events",
        "last_check": None,
        "next_check": None,
        "total_fixes": 0,
        "active_critical_issues": 0,
        "backlog": 0,
        "leader": "host-a:17",
        "code": None,
        "code_read_at": None,
        "code_files": None,
        "code_statements": None,
        "code_trouble": None,
        "queue": 0,
        "open_issues": 0,
        "awaiting_approval": 0,
        "auto_fix": "critical",
        "pause_reason": None,
        "paused_until": None,
        "unread_events": 0,
        "schema_version": answer.body["schema_version"],
        "why_observing": None,
    }


async def test_issues_are_split_into_critical_ones_and_warnings(viewer: Api, connection: AsyncConnection[Any]) -> None:
    await plant_issue(connection, table="a", severity=Severity.CRITICAL, issue_type="TYPE_MISMATCH", backlog=True)
    await plant_issue(connection, table="b")
    await plant_issue(connection, table="c", severity=Severity.LOW)
    everything = (await viewer.get("/issues")).body
    assert [issue["table"] for issue in everything["critical_issues"]] == ["a"]
    assert [issue["table"] for issue in everything["warnings"]] == ["b", "c"]
    assert everything["summary"] == {
        "total": 3,
        "critical": 1,
        "medium": 1,
        "low": 1,
        "backlog": 1,
        "auto_fixable": 0,
        "by_type": {"MISSING_INDEX": 2, "TYPE_MISMATCH": 1},
    }
    second = (await viewer.get("/issues?limit=1&offset=1")).body
    assert ([issue["table"] for issue in second["warnings"]], second["critical_issues"]) == (["b"], [])
    assert (second["total"], second["limit"], second["offset"]) == (3, 1, 1)
    filtered = (
        await viewer.get("/issues?type=MISSING_INDEX&severity=low&table=public.c&backlog=false&status=any")
    ).body
    assert [issue["table"] for issue in filtered["warnings"]] == ["c"]


async def test_issue_has_the_shape_that_the_command_line_prints(viewer: Api, connection: AsyncConnection[Any]) -> None:
    issue = await plant_issue(connection, table='Ünï "x"')
    answer = await viewer.get(f"/issues/{issue.issue_id}")
    assert answer.status == 200
    assert {
        "issue_id": issue.issue_id,
        "issue_type": "MISSING_INDEX",
        "severity": "medium",
        "status": "open",
        "schema": "public",
        "table": 'Ünï "x"',
        "column": "user_id",
        "current_state": "no index begins with (user_id)",
        "expected_state": "an index on (user_id)",
        "auto_fixable": False,
        "backlog": False,
        "cause": None,
        "fix": None,
    }.items() <= answer.body.items()
    assert answer.body["evidence"][1] == {"kind": "size", "weight": -1.0, "seen": "it has 3 rows", "against": True}


async def test_ignored_issue_is_answered_as_it_is_now(api: Api, connection: AsyncConnection[Any]) -> None:
    issue = await plant_issue(connection)
    answer = await api.post(f"/issues/{issue.issue_id}/ignore", {"reason": " legacy ", "until": "2999-01-01T00:00:00Z"})
    assert (answer.status, answer.body["status"]) == (200, "ignored")
    assert answer.body["ignored"] | {"at": ""} == {
        "reason": "legacy",
        "by": "postgres",
        "at": "",
        "until": "2999-01-01T00:00:00Z",
    }


async def test_check_answers_with_the_scan_that_the_listener_did(
    api: Api, connection: AsyncConnection[Any], installed: Database
) -> None:
    await lead(connection)
    asked = asyncio.create_task(api.post("/check"))
    await eventually(lambda: installed.fetch("select from pgmend.scan"))
    now = installed.value("select clock_timestamp()")
    await write_scan(connection, kind="full", started_at=now, duration_ms=4, tables=81, opened=0, resolved=0)
    answer = await asked
    assert (answer.status, answer.body["scan"]["tables"], answer.body["summary"]["total"]) == (200, 81, 0)
    scans = (await api.get("/scans")).body
    assert (scans["total"], scans["scans"]) == (1, [answer.body["scan"]])


async def test_plan_is_shown_approved_once_and_then_found_in_the_history(
    api: Api, viewer: Api, connection: AsyncConnection[Any], installed: Database
) -> None:
    issue = await plant_missing_index(installed, connection)
    shown = (await api.post("/preview-fix", {"issue_id": issue.issue_id})).body
    assert shown["state"] == "proposed"
    assert any("orders" in statement for statement in shown["statements"])
    assert shown["inverse"]
    assert shown["locks"]
    assert {"hazards", "proofs", "affected_rows", "steps", "inverse_steps", "checks", "backups"} <= shown.keys()

    asked = {"issue_id": issue.issue_id, "plan_hash": shown["plan_hash"]}
    approved = await api.post("/fix", asked)
    assert (approved.status, approved.body["fix_id"], approved.body["state"]) == (202, shown["fix_id"], "approved")
    again = await api.post("/fix", asked)
    assert (again.status, again.body["type"]) == (409, "urn:pgmend:problem:not-possible-now")

    history = (await viewer.get("/fixes?state=approved")).body
    assert [fix["fix_id"] for fix in history["fixes"]] == [shown["fix_id"]]
    detail = (await viewer.get(f"/fixes/{shown['fix_id']}")).body
    assert detail["plan"]["statements"] == shown["statements"]
    assert (detail["fix"]["schema"], detail["fix"]["table"], detail["steps"]) == ("public", "orders", [])


async def test_plan_of_a_world_that_has_moved_is_not_approved(
    api: Api, connection: AsyncConnection[Any], installed: Database
) -> None:
    issue = await plant_missing_index(installed, connection)
    shown = (await api.post("/preview-fix", {"issue_id": issue.issue_id})).body
    installed.execute("alter table public.orders add column note text")
    stale = await api.post("/fix", {"issue_id": issue.issue_id, "plan_hash": shown["plan_hash"]})
    assert (stale.status, stale.body["type"]) == (409, "urn:pgmend:problem:plan-stale")
    other = await api.post("/fix", {"issue_id": issue.issue_id, "plan_hash": "0" * 64})
    assert (other.status, other.body["type"]) == (409, "urn:pgmend:problem:plan-stale")
    assert installed.value("select state from pgmend.fix") == "proposed"


async def test_issue_without_a_plan_says_why(api: Api, connection: AsyncConnection[Any]) -> None:
    issue = await plant_issue(connection)
    answer = await api.post("/preview-fix", {"issue_id": issue.issue_id})
    assert (answer.status, answer.body["type"]) == (409, "urn:pgmend:problem:plan-refused")
    assert "it is for a person to decide" in answer.body["detail"]


async def test_rollback_is_accepted_once(api: Api, connection: AsyncConnection[Any]) -> None:
    fix_id = await plant_fix(connection, await plant_issue(connection), "applied")
    first = await api.post(f"/fixes/{fix_id}/rollback")
    assert (first.status, first.body["state"]) == (202, "rollback_requested")
    assert (await api.post(f"/fixes/{fix_id}/rollback")).status == 409


async def test_automation_is_switched_and_answers_with_what_holds_then(api: Api) -> None:
    assert (await api.post("/stop")).body["fixing"] == "manual"
    paused = (await api.post("/pause", {"reason": "deployment", "until": "2999-01-01T00:00:00+02:00"})).body
    assert (paused["fixing"], paused["pause_reason"]) == ("paused", "deployment")
    assert paused["paused_until"] == "2998-12-31T22:00:00Z"
    assert (await api.post("/resume")).body["fixing"] == "manual"
    assert (await api.post("/start")).body["fixing"] == "automatic"


async def test_ddl_and_backups_are_listed(viewer: Api, connection: AsyncConnection[Any], installed: Database) -> None:
    installed.execute("create table t (secret text default 'hunter2')")
    (event,) = (await viewer.get("/ddl")).body["events"]
    assert (event["object_identity"], event["command_tag"]) == ("public.t", "CREATE TABLE")
    assert "hunter2" not in str(event)
    fix_id = await plant_fix(connection, await plant_issue(connection), "applied")
    installed.execute(
        "insert into pgmend.backup (fix_id, relation_name, relation_oid, kind) values (%s, 'b', 4711, 'rows')", [fix_id]
    )
    (backup,) = (await viewer.get("/backups")).body["backups"]
    assert (backup["fix_id"], backup["relation_name"], backup["row_count"]) == (str(fix_id), "b", None)


async def test_empty_body_of_a_request_that_carries_nothing_is_enough(api: Api) -> None:
    options = {"data": b"", "headers": {"Content-Type": "application/json"}}
    assert (await api.ask("POST", "/resume", **options)).status == 200


async def test_names_that_are_ours_are_answered(viewer: Api) -> None:
    for host in ("localhost:1", "127.0.0.1", "[::1]:8085", "PGMEND.internal", "10.0.0.7:80"):
        assert (await viewer.get("/status", headers={"Host": host})).status == 200, host


async def test_head_is_get_without_a_body(viewer: Api) -> None:
    answer = await viewer.ask("HEAD", "/status")
    assert (answer.status, answer.text) == (200, "")


async def test_every_answer_tells_browsers_to_trust_nothing(viewer: Api) -> None:
    for path, prefix in (("/status", PREFIX), ("/no", PREFIX), ("/healthz", ""), ("/readyz", "")):
        answer = await viewer.get(path, prefix=prefix)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert answer.headers["Server"] == "pgmend"
        assert "Access-Control-Allow-Origin" not in answer.headers
