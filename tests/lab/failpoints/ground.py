"""One case of a fix, ill again as often as one likes, on one database; and the points at which its worker can die."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pgmend.listener.fixes.queue.book import Claim

from tests.integration.fixes import test_recovery
from tests.integration.fixes.online import test_killed
from tests.integration.fixes.restoring import test_restore_recovery
from tests.support.installation import installed_database
from tests.support.mortal import Mortal, MortalLeader
from tests.support.server import Server
from tests.support.workshop import Workshop


@dataclass(frozen=True, slots=True)
class Ailment:
    """What is made ill anew for each death. `undoable` says whether its fix has a way back, `moves` which column of a
    table has another place after it."""

    name: str
    claim: Callable[[Workshop], Awaitable[Claim]]
    undoable: bool
    moves: str | None = None

    def structure(self, workshop: Workshop) -> list[tuple[Any, ...]]:
        """All that the fix may change, but for the place of what it moves."""
        return [row for row in workshop.structure() if row[1] != self.moves]


def ailments() -> Mapping[str, Ailment]:
    """One of each kind of fix, those of the expected schema as `restore: …`."""
    plain = [
        Ailment(name, lambda shop, case=case: test_recovery.fall_ill(shop, case), case.undoable)
        for name, case in (test_recovery.CASES | test_recovery.MORE_CASES).items()
    ]
    restoring = [
        Ailment(f"restore: {name}", lambda shop, case=case: test_restore_recovery.ill(shop, case), undoable=True)
        for name, case in (test_restore_recovery.CASES | test_restore_recovery.MORE_CASES).items()
    ]
    online = Ailment("change column type, online", test_killed.fall_ill, undoable=True, moves="app.sessions.user_id")
    return {each.name: each for each in (*plain, online, *restoring)}


@asynccontextmanager
async def workshop_on(server: Server) -> AsyncGenerator[Workshop]:
    """A workshop on a database of its own."""
    with installed_database(server) as database:
        workshop = await Workshop.open(database)
        try:
            yield workshop
        finally:
            await workshop.close()


async def points(workshop: Workshop, ailment: Ailment) -> list[str]:
    """The names of the points that the fix passes, and then its undo, in their order."""
    passed: list[str] = []

    async def checkpoint(name: str) -> None:
        passed.append(name)

    claim = await ailment.claim(workshop)
    executor = workshop.executor(checkpoint=checkpoint)
    outcome = await executor.carry_on(claim, workshop.lease)
    if ailment.undoable:
        await workshop.roll_back(outcome, checkpoint=checkpoint)
    return passed


async def die_twice(workshop: Workshop, ailment: Ailment, direction: str) -> Sequence[str]:
    """What was wrong after the worker died at each point of that way, its successor as far on its own, and the next
    one had come to the end."""
    well, ill = await _both_ends(workshop, ailment)
    wanted = well if direction == "apply" else ill
    wrong: list[str] = []
    point = 0
    while await _killed(workshop, await _underway(workshop, ailment, direction), point):
        await workshop.lead_anew()
        heir = MortalLeader(workshop.database.dsn, workshop.limits, workshop.lease.token, point)
        heir.start()
        await asyncio.to_thread(heir.wait)
        await workshop.recover()
        structure = ailment.structure(workshop)
        if structure != wanted:
            wrong.append(f"{direction} {point}: the schema is another one: {sorted(set(structure) ^ set(wanted))}")
        wrong += [f"{direction} {point}: left over {each}" for each in workshop.leftovers()]
        point += 1
    return wrong


async def _both_ends(workshop: Workshop, ailment: Ailment) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """The structure once it is well, and while it is ill."""
    claim = await ailment.claim(workshop)
    ill = ailment.structure(workshop)
    outcome = await workshop.executor().carry_on(claim, workshop.lease)
    if outcome.state != "applied":
        raise RuntimeError(f"{ailment.name} is not mended: {outcome.reason}")
    return ailment.structure(workshop), ill


async def _underway(workshop: Workshop, ailment: Ailment, direction: str) -> Claim:
    claim = await ailment.claim(workshop)
    if direction == "apply":
        return claim
    outcome = await workshop.executor().carry_on(claim, workshop.lease)
    workshop.database.execute("select pgmend.rollback(%s)", [outcome.fix_id])
    undo = await workshop.next()
    assert undo is not None
    return undo


async def _killed(workshop: Workshop, claim: Claim, last: int) -> bool:
    mortal = Mortal(workshop.database.dsn, workshop.limits, claim.fix_id, workshop.lease.token, last)
    mortal.start()
    return await asyncio.to_thread(mortal.wait)
