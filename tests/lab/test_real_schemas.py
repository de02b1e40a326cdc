"""What `pgmend check` says of schemas that Debian ships, against what a person said of each finding."""

from __future__ import annotations

import pytest
from pgmend.listener.check import CheckResult, check
from pgmend.listener.issue import Issue
from pgmend.listener.judging.judge import CheckStatus
from pgmend.listener.settings import Settings

from tests.support.beholder import NEEDS_WATCHING
from tests.support.database import Database

from .breaks import COURSES
from .shipped import ShippedSchema
from .verdict import objections, verdicts_on

pytestmark = pytest.mark.real_schemas


async def test_findings_on_the_shipped_schema_agree_with_the_verdicts(shipped: Database, schema: ShippedSchema) -> None:
    assert objections(await findings(shipped), verdicts_on(schema.name)) == []


async def test_findings_on_the_extended_schema_agree_with_the_verdicts(
    extended: Database, schema: ShippedSchema
) -> None:
    assert objections(await findings(extended), verdicts_on(schema.name, with_additions=True)) == []


async def test_every_rule_decides_on_every_table(extended: Database) -> None:
    result = await looked_at(extended)
    assert result.saw_everything
    decided = [each for each in result.checks if each.issue_type not in NEEDS_WATCHING]
    assert [(each.issue_type, each.reason) for each in decided if each.undecided] == []
    assert {each.status for each in decided} <= {CheckStatus.PASSED, CheckStatus.FAILED}


def test_every_schema_has_its_verdicts_and_its_breaks(schema: ShippedSchema) -> None:
    assert schema.name in COURSES
    assert all(verdict.reason for verdict in verdicts_on(schema.name, with_additions=True))


async def findings(database: Database) -> list[Issue]:
    return [reported.issue for reported in (await looked_at(database)).issues]


async def looked_at(database: Database) -> CheckResult:
    return await check(await database.connect(), Settings())
