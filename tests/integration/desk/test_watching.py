"""A fix that is watched where nobody leads."""

from __future__ import annotations

from typing import Any

import pytest
from pgmend.api import watching
from pgmend.api.watching import watch
from pgmend.listener.desk import Desk
from pgmend.listener.errors import FixDeferred
from psycopg import AsyncConnection

from tests.support.database import Database
from tests.support.planted import lead, plant_fix, plant_issue


@pytest.mark.parametrize(("state", "stays"), [("approved", "fix stays approved"), ("running", "fix stays running")])
async def test_a_fix_without_a_listener_is_not_watched_for_ever(
    desk: Desk, connection: AsyncConnection[Any], monkeypatch: pytest.MonkeyPatch, state: str, stays: str
) -> None:
    monkeypatch.setattr(watching, "_LEADERLESS_SECONDS", 0.5)
    monkeypatch.setattr(watching, "_STATUS_SECONDS", 0.1)
    fix_id = await plant_fix(connection, await plant_issue(connection), state)
    with pytest.raises(FixDeferred, match=f"No listener leads.*{stays}.*pgmend start"):
        await watch(desk, fix_id)


async def test_an_undo_that_is_tried_again_later_is_not_waited_for(
    desk: Desk, connection: AsyncConnection[Any], installed: Database
) -> None:
    fix_id = await plant_fix(connection, await plant_issue(connection), "rolling_back")
    installed.execute(
        "update pgmend.fix set reason = 'somebody reads it', next_attempt_at = clock_timestamp() + interval '1 hour'"
    )
    with pytest.raises(FixDeferred, match=r"somebody reads it.*undo stays begun"):
        await watch(desk, fix_id, watching.UNDONE_OR_NOT)


@pytest.mark.parametrize("state", ["approved", "queued", "rollback_requested", "rolling_back"])
async def test_what_a_pause_holds_up_is_not_waited_for(
    desk: Desk, connection: AsyncConnection[Any], installed: Database, state: str
) -> None:
    await lead(connection)
    fix_id = await plant_fix(connection, await plant_issue(connection), state)
    if state == "rolling_back":
        installed.execute("update pgmend.fix set next_attempt_at = clock_timestamp()")
    installed.execute("select pgmend.pause('month end')")
    with pytest.raises(FixDeferred, match=r"paused \(month end\).*pgmend resume"):
        await watch(desk, fix_id, watching.UNDONE_OR_NOT)
