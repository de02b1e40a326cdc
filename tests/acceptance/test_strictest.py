"""How much pgmend may do alone: of flag, setting and stored policy the strictest wins."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.listener import find_fix, listen
from tests.acceptance.test_loop import SHOP
from tests.support.database import Database
from tests.support.eventually import eventually
from tests.support.process import Processes


@pytest.mark.parametrize(
    ("flag", "setting", "stored", "strictest"),
    [
        ("all", "none", "all", "none"),
        ("none", "all", "all", "none"),
        ("all", "all", "none", "none"),
        ("critical", "all", "all", "critical"),
        ("all", "all", "all", "all"),
        (None, "all", "all", "all"),
    ],
)
async def test_the_strictest_wins(
    pgmend: Processes, installed: Database, flag: str | None, setting: str, stored: str, strictest: str
) -> None:
    installed.execute("update pgmend.policy set auto_fix = %s", (stored,))
    listener = await listen(pgmend, installed, *(("--auto-fix", flag) if flag else ()), auto_fix=setting)
    await eventually(lambda: installed.value("select leader from pgmend.status"))
    assert installed.value("select auto_fix from pgmend.status") == strictest
    assert await listener.process.terminate() == 0


async def test_a_flag_cannot_widen_what_the_setting_forbids(pgmend: Processes, installed: Database) -> None:
    installed.execute(SHOP)
    installed.execute("update pgmend.policy set auto_fix = 'all'")
    listener = await listen(pgmend, installed, "--auto-fix", "all", auto_fix="none")
    installed.execute("alter table payments alter column user_id type text")
    issue = await listener.issue("TYPE_MISMATCH", "payments")
    assert await eventually(lambda: find_fix(installed, issue["issue_id"], "proposed"))
    (why,) = await eventually(
        lambda: installed.fetch(
            "select why_not_auto from pgmend.issue where issue_id = %s and why_not_auto is not null",
            (issue["issue_id"],),
        )
    )
    assert why == ("automatic fixing is off",)
    assert installed.value("select count(*) from pgmend.fix where automatic") == 0
    shown = await pgmend.run("status", "--format", "json", "--dsn", installed.dsn)
    assert json.loads(shown.stdout)["fixing"] == "manual"


async def test_a_flag_that_is_none_of_them_is_named(pgmend: Processes, installed: Database) -> None:
    finished = await pgmend.run("start", "--auto-fix", "sometimes", "--dsn", installed.dsn)
    assert finished.code == 2
    assert "--auto-fix" in finished.stderr
    assert "sometimes" in finished.stderr
