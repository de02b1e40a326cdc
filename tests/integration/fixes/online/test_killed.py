"""A kill -9 at any instant of an online change, and of the one after it, leaves the table before or after."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from pgmend.listener.fixes.queue.book import Claim

from tests.support.mortal import Mortal
from tests.support.workshop import Workshop

from .subject import left_over, setup, to_type, type_of, values

ROWS = 300
MORE = """
create view app.seen as select id, user_id from app.sessions; comment on column app.sessions.user_id is 'who';
alter table app.sessions alter user_id set not null, add constraint short check (length(seen) < 99);
alter table app.sessions add constraint known check (user_id is not null)
"""
UNCASTABLE = "insert into app.sessions values (9000, 'seven')"


async def killed(workshop: Workshop, claim: Claim, last: int) -> bool:
    """Whether a listener that carries the claim on was killed at its checkpoint of that number, or was done before."""
    mortal = Mortal(workshop.database.dsn, workshop.limits, claim.fix_id, workshop.lease.token, last)
    mortal.start()
    return await asyncio.to_thread(mortal.wait)


def points(part: int, every: int) -> Iterator[int]:
    """Some checkpoints of a way, from that one on; all of a change and of its undo are died at in `make failpoints`."""
    yield from range(part, 1000, every)


async def fall_ill(workshop: Workshop) -> Claim:
    workshop.database.execute("drop schema if exists app cascade")
    setup(workshop, rows=ROWS, more=MORE)
    return await workshop.claim(to_type(workshop))


def state(workshop: Workshop) -> tuple[Any, ...]:
    facts = [row for row in workshop.structure() if row[1] != "app.sessions.user_id"]
    return facts, type_of(workshop), values(workshop)


@pytest.mark.parametrize("part", [1, 4])
async def test_a_change_killed_anywhere_twice_is_finished_by_the_next_leader(workshop: Workshop, part: int) -> None:
    claim = await fall_ill(workshop)
    assert not await killed(workshop, claim, last=1000)
    after = state(workshop)
    for point in points(part, 16):
        claim = await fall_ill(workshop)
        if not await killed(workshop, claim, point):
            assert point > 20
            break
        await workshop.lead_anew()
        await killed(workshop, claim, 3 + point % 5)
        (outcome,) = await workshop.recover()
        assert (point, outcome.state, outcome.reason) == (point, "applied", None)
        assert (point, left_over(workshop)) == (point, [])
        assert (point, state(workshop)) == (point, after)


@pytest.mark.parametrize("part", [1, 4])
async def test_an_undo_killed_anywhere_is_finished_by_the_next_leader(workshop: Workshop, part: int) -> None:
    for point in points(part, 16):
        claim = await fall_ill(workshop)
        before = state(workshop)
        outcome = await workshop.executor().carry_on(claim, workshop.lease)
        workshop.database.execute("select pgmend.rollback(%s)", [outcome.fix_id])
        undo = await workshop.next()
        assert undo is not None
        if not await killed(workshop, undo, point):
            assert point > 20
            break
        (outcome,) = await workshop.recover()
        assert (point, outcome.state, outcome.reason) == (point, "rolled_back", None)
        assert (point, left_over(workshop)) == (point, [])
        assert (point, state(workshop)) == (point, before)


@pytest.mark.parametrize("part", [1, 4])
async def test_a_way_back_killed_anywhere_leaves_nothing(workshop: Workshop, part: int) -> None:
    """A value without its like has come once the triggers are there; whoever dies then, and the way back too."""
    for point in points(part, 8):
        claim = await fall_ill(workshop)
        assert await killed(workshop, claim, 10)
        workshop.database.execute(UNCASTABLE)
        before = values(workshop)
        await workshop.lead_anew()
        if not await killed(workshop, claim, point):
            assert point > 20
            break
        (outcome,) = await workshop.recover()
        assert outcome.state in ("refused", "failed")
        assert (point, left_over(workshop), type_of(workshop), values(workshop)) == (point, [], "text", before)
