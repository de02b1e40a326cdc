"""Every kind of fix has points at which it can die, and has died there; all of them twice is `make failpoints`."""

from __future__ import annotations

import pytest
from pgmend.listener.fixes.fix_kind import builtin_kinds
from pgmend.listener.remedy import Remedy

from tests.lab.failpoints.ground import ailments, die_twice, points, workshop_on
from tests.support.server import Server

# What anybody who changes how steps are taken has to keep in mind.
_EACH_STEP = ("intended", "recorded")


async def test_every_kind_of_fix_is_among_those_that_die(server: Server) -> None:
    died: set[type[Remedy]] = set()
    for ailment in ailments().values():
        async with workshop_on(server) as workshop:
            died.add(type((await ailment.claim(workshop)).plan.remedy))
    assert set(builtin_kinds()) == died


async def test_a_point_stands_before_and_after_each_step(server: Server) -> None:
    ailment = ailments()["add foreign key"]
    async with workshop_on(server) as workshop:
        plan = (await ailment.claim(workshop)).plan
        passed = await points(workshop, ailment)
    assert len(passed) == len(set(passed))
    for direction, steps in (("apply", plan.steps), ("undo", plan.inverse)):
        for ordinal in range(1, len(steps) + 1):
            assert {f"{direction} {ordinal} {point}" for point in _EACH_STEP} <= set(passed)


@pytest.mark.parametrize("direction", ["apply", "undo"])
async def test_who_dies_twice_in_a_row_leaves_nothing_half_done(server: Server, direction: str) -> None:
    async with workshop_on(server) as workshop:
        assert await die_twice(workshop, ailments()["create index"], direction) == []
