"""How pgmend says it is."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from pgmend.listener.desk import Connections, Desk
from pgmend.listener.errors import InvalidRequest
from pgmend.listener.issue import Severity
from pgmend.listener.settings import AutoFix, Settings
from pgmend.listener.store.policy import read_policy
from psycopg import AsyncConnection

from tests.support.database import Database
from tests.support.planted import lead, plant_fix, plant_issue


async def test_fresh_installation_is_stopped_and_would_act_alone(desk: Desk) -> None:
    status = await desk.status()
    assert (status.status, status.leader, status.fixing) == ("stopped", None, "automatic")
    assert (status.detection, status.last_check, status.total_fixes, status.queue) == ("events", None, 0, 0)


async def test_listener_that_beats_leads_and_one_that_stopped_does_not(
    desk: Desk, connection: AsyncConnection[Any], installed: Database
) -> None:
    await lead(connection, "host-a:17")
    status = await desk.status()
    assert (status.status, status.leader) == ("running", "host-a:17")
    installed.execute("update pgmend.lease set heartbeat_at = clock_timestamp() - interval '1 minute'")
    assert (await desk.status()).leader is None


async def test_scan_that_could_not_look_is_degraded(
    desk: Desk, connection: AsyncConnection[Any], installed: Database
) -> None:
    await lead(connection)
    installed.execute("insert into pgmend.scan (kind, finished_at, outcome) values ('safety', now(), 'could_not_run')")
    assert (await desk.status()).status == "degraded"


async def test_issues_and_fixes_are_counted_by_what_they_wait_for(desk: Desk, connection: AsyncConnection[Any]) -> None:
    critical = await plant_issue(connection, severity=Severity.CRITICAL, backlog=True)
    other = await plant_issue(connection, column="b")
    resolved = await plant_issue(connection, column="c")
    await connection.execute("update pgmend.issue set status = 'resolved' where issue_id = %s", (resolved.issue_id,))
    await plant_fix(connection, critical, "applied")
    await plant_fix(connection, other, "running")
    await plant_fix(connection, resolved)
    status = await desk.status()
    assert (status.open_issues, status.active_critical_issues, status.backlog) == (2, 1, 1)
    assert (status.total_fixes, status.queue, status.awaiting_approval) == (1, 1, 1)


@pytest.mark.parametrize(
    ("stored", "setting", "fixing", "auto_fix"),
    [
        ("critical", AutoFix.CRITICAL, "automatic", "critical"),
        ("all", AutoFix.CRITICAL, "automatic", "critical"),
        ("all", AutoFix.ALL, "automatic", "all"),
        ("all", AutoFix.NONE, "manual", "none"),
        ("none", AutoFix.ALL, "manual", "none"),
    ],
)
async def test_strictest_of_policy_and_settings_wins(
    installed: Database, stored: str, setting: AutoFix, fixing: str, auto_fix: str
) -> None:
    installed.execute("update pgmend.policy set auto_fix = %s", [stored])
    async with Connections(installed.dsn) as connections:
        status = await Desk(connections, Settings(auto_fix=setting)).status()
    assert (status.fixing, status.auto_fix) == (fixing, auto_fix)


async def test_pause_stop_and_resume_show_at_once_and_are_audited(desk: Desk, installed: Database) -> None:
    assert (await desk.automatic(False)).fixing == "manual"
    paused = await desk.pause("deployment")
    assert (paused.fixing, paused.pause_reason) == ("paused", "deployment")
    assert (await desk.resume()).fixing == "manual"
    final = await desk.automatic(True)
    assert final == await desk.status()
    assert final.fixing == "automatic"
    audited = installed.fetch("select action from pgmend.audit where action like 'policy.%' order by occurred_at")
    assert [action for (action,) in audited] == ["policy.auto", "policy.pause", "policy.resume", "policy.auto"]


@pytest.mark.parametrize("until", ["infinity", "20000-01-01"])
async def test_pause_that_psql_put_beyond_all_calendars_has_no_end(
    desk: Desk, connection: AsyncConnection[Any], installed: Database, until: str
) -> None:
    installed.execute("select pgmend.pause('for good', %s)", [until])
    status = await desk.status()
    assert (status.fixing, status.paused_until) == ("paused", None)
    assert (await read_policy(connection)).paused


async def test_pause_until_a_time_that_cannot_be_is_refused(desk: Desk) -> None:
    for until in (
        datetime(2999, 1, 1),  # noqa: DTZ001 - that is the point
        datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-14))),
    ):
        with pytest.raises(InvalidRequest, match="until"):
            await desk.pause("why not", until)
    assert (await desk.status()).fixing == "automatic"


async def test_copy_of_the_database_is_observed_only(desk: Desk, installed: Database) -> None:
    installed.execute("update pgmend.instance set database_oid = 1")
    assert (await desk.status()).fixing == "observing"
