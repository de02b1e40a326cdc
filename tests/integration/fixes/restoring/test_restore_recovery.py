"""A kill -9 at any instant of a restore leaves each object before or after, and the next leader finishes it."""

from __future__ import annotations

import asyncio

import pytest
from pgmend.listener.expected.portrait import ObjectKind
from pgmend.listener.fixes.queue.book import Claim

from tests.support.mortal import Mortal
from tests.support.restoration import Case, fall_ill
from tests.support.workshop import Workshop

from .test_restore_column import CASES as COLUMNS
from .test_restore_constraint import CASES as CONSTRAINTS
from .test_restore_object import CASES as OBJECTS

CASES = {
    "not null": COLUMNS["not null dropped"],
    "another key": CONSTRAINTS["another key"],
    "another foreign key": CONSTRAINTS["another foreign key"],
    "other materialized view": OBJECTS["other materialized view"],
    "other index": Case(
        "create table app.t (id int primary key, a int, b text); insert into app.t values (1, 2, 'b');"
        "create index i on app.t (a, lower(b)); comment on index app.i is 'i'",
        "drop index app.i; create index i on app.t (a); comment on index app.i is 'i'",
        "definition", ObjectKind.INDEX, ("app", "t", "i"), "CREATE INDEX i ON app.t USING btree (a, lower(b))",
    ),
}  # fmt: skip
# What has more steps of the same sorts, and dies in the long run alone.
MORE_CASES = {
    name: CONSTRAINTS[name] for name in ("unique of partitions", "primary key of partitions whose columns may be null")
}


async def ill(workshop: Workshop, case: Case) -> Claim:
    """The sick schema anew, and the claimed fix for it."""
    await fall_ill(workshop, case)
    return await workshop.claim(case.remedy(workshop))


async def killed(workshop: Workshop, claim: Claim, last: int) -> bool:
    """Whether a listener that carries the claim on was killed at its checkpoint of that number, or was done before."""
    mortal = Mortal(workshop.database.dsn, workshop.limits, claim.fix_id, workshop.lease.token, last)
    mortal.start()
    return await asyncio.to_thread(mortal.wait)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_a_restore_killed_anywhere_is_finished_by_the_next_leader(workshop: Workshop, case: Case) -> None:
    claim, point = await ill(workshop, case), 0
    assert not await killed(workshop, claim, last=1000)
    after = workshop.structure()
    while await killed(workshop, claim := await ill(workshop, case), point):
        (outcome,) = await workshop.recover()
        assert (point, outcome.fix_id, outcome.state, outcome.reason) == (point, claim.fix_id, "applied", None)
        assert (point, workshop.structure()) == (point, after)
        assert (point, workshop.leftovers()) == (point, [])
        point += 1
    assert point >= 5


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_an_undo_killed_anywhere_is_finished_by_the_next_leader(workshop: Workshop, case: Case) -> None:
    point = 0
    while True:
        claim = await ill(workshop, case)
        before = workshop.structure()
        outcome = await workshop.executor().carry_on(claim, workshop.lease)
        workshop.database.execute("select pgmend.rollback(%s)", [outcome.fix_id])
        undo = await workshop.next()
        assert undo is not None
        if not await killed(workshop, undo, point):
            break
        (outcome,) = await workshop.recover()
        assert (point, outcome.state, outcome.reason) == (point, "rolled_back", None)
        assert (point, workshop.structure()) == (point, before)
        assert (point, workshop.leftovers()) == (point, [])
        point += 1
    assert point > 3
