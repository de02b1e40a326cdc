"""One round: something breaks, pgmend mends it, harm is done to pgmend meanwhile, and then all has to be well again."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random

import psycopg

from .accidents import ACCIDENTS, Accident
from .application import LEDGERS
from .harms import HARMS, Harm, until_the_moment
from .order import Structure, seconds_until_order, structure
from .scene import Scene, Theatre
from .workload import Writer, differences, writers

PROMISED_SECONDS = 30.0
_PATIENCE_SECONDS = 120.0
_APPROVE = """
select pgmend.approve(f.fix_id) from pgmend.fix as f join pgmend.issue as i using (issue_id)
where f.state = 'proposed' and f.plan ->> 'refusal' is null and f.plan ->> 'waits_for' is null
  and i.status = 'open' and not i.auto_fixable and i.why_not_auto is not null
limit 1
"""
_LAST_APPLIED = """
select fix_id from pgmend.fix where state = 'applied' and plan -> 'inverse' <> '[]'
order by finished_at desc limit 1
"""
_APPROVE_SECONDS = 0.1


@dataclass(slots=True)
class Account:
    """What became of one round."""

    number: int
    accidents: tuple[str, ...]
    harms: list[str] = field(default_factory=list[str])
    moments: list[str | None] = field(default_factory=list[str | None])
    seconds: list[float | None] = field(default_factory=list[float | None])
    amiss: list[str] = field(default_factory=list[str])
    rolled_back: str | None = None
    written: int = 0
    lost_connections: int = 0
    rows_lost: int = 0
    rows_changed: int = 0
    rows_strange: int = 0
    failed_writes: list[str] = field(default_factory=list[str])
    died: list[str] = field(default_factory=list[str])
    restarted: int = 0
    error: str | None = None

    @property
    def is_in_order(self) -> bool:
        """Whether all was as it should be in the end, however long that took."""
        rows_kept = not (self.rows_lost or self.rows_changed or self.rows_strange)
        return (
            rows_kept and None not in self.seconds and not (self.amiss or self.failed_writes or self.died or self.error)
        )

    @property
    def is_well(self) -> bool:
        """Whether everything that is promised was kept, the time as well."""
        return self.is_in_order and all(seconds <= PROMISED_SECONDS for seconds in self.seconds if seconds is not None)


async def run_round(theatre: Theatre, number: int, seed: int, harms: Sequence[Harm] = HARMS) -> Account:
    """The round of that number and seed; the same ones do the same harm, at moments that differ all the same."""
    random = Random(zlib.crc32(f"{seed} {number}".encode()))
    accidents = _accidents(random)
    account = Account(number, tuple(each.name for each in accidents))
    try:
        async with theatre.scene(random) as scene:
            await _Play(scene, account, accidents, harms).run()
    except* (psycopg.Error, AssertionError, OSError, TimeoutError) as errors:
        account.error = "; ".join(f"{type(each).__name__}: {each}" for each in _leaves(errors))
    return account


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for each in group.exceptions:
        if isinstance(each, BaseExceptionGroup):
            yield from _leaves(each)
        else:
            yield each


def _accidents(random: Random) -> list[Accident]:
    """One to three, each of another subject."""
    found: dict[str, Accident] = {}
    for accident in random.sample(ACCIDENTS, random.choice((1, 1, 2, 3))):
        found.setdefault(accident.subject, accident)
    return list(found.values())


@dataclass(slots=True)
class _Play:
    scene: Scene
    account: Account
    accidents: Sequence[Accident]
    harms: Sequence[Harm]

    async def run(self) -> None:
        sound = await structure(self.scene)
        hands = writers(self.scene.database.dsn, self.scene.random)
        async with asyncio.TaskGroup() as group:
            for hand in hands:
                group.create_task(hand.run(), name=f"writer of {hand.ledger.table}")
            try:
                broken = await self._break()
                async with self._approving():
                    await self._suffer([sound])
                if self.scene.random.random() < 0.5 and not self.account.amiss:
                    await self._roll_back(sound, broken)
            finally:
                for hand in hands:
                    hand.stop()
        await self._settle_accounts(hands)

    async def _break(self) -> Structure:
        """The structure once everything is broken, and before anything is mended."""
        await self.scene.execute("select pgmend.pause('the accident is looked at')")
        for accident in self.accidents:
            for statement in accident.statements:
                await self.scene.execute(statement)
        broken = await structure(self.scene)
        await self.scene.execute("select pgmend.resume()")
        return broken

    async def _suffer(self, wanted: Sequence[Structure]) -> None:
        """One harm or two while pgmend works, then the time until all is well."""
        for harm in self.scene.random.sample(self.harms, min(len(self.harms), self.scene.random.choice((1, 1, 2)))):
            self.account.moments.append(await until_the_moment(self.scene))
            self.account.harms.append(harm.__name__)
            await harm(self.scene)
            await self.scene.revive()
        seconds, amiss = await seconds_until_order(self.scene, wanted, _PATIENCE_SECONDS)
        self.account.seconds.append(seconds)
        self.account.amiss += amiss

    async def _roll_back(self, sound: Structure, broken: Structure) -> None:
        """Undo the last fix, under harm; it is then undone, or was refused and is in force."""
        rows = await self.scene.fetch(_LAST_APPLIED)
        if not rows:
            return
        at_once = (await self.scene.fetch("select count(*) = 1 from pgmend.fix where state = 'applied'")) == [(True,)]
        await self.scene.fetch("select pgmend.rollback(%s)", rows[0][0])
        await self._suffer([sound, broken] if at_once else [])
        ((state,),) = await self.scene.fetch("select state from pgmend.fix where fix_id = %s", rows[0][0])
        self.account.rolled_back = state
        if state not in ("applied", "rolled_back"):
            self.account.amiss.append(f"the undo ended as {state}")

    @asynccontextmanager
    async def _approving(self) -> AsyncGenerator[None]:
        """Meanwhile somebody approves what waits."""
        task = asyncio.create_task(self._approve(), name="who approves")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _approve(self) -> None:
        while True:
            with suppress(psycopg.errors.ObjectNotInPrerequisiteState, psycopg.OperationalError):
                await self.scene.fetch(_APPROVE)
            await asyncio.sleep(_APPROVE_SECONDS)

    async def _settle_accounts(self, hands: Sequence[Writer]) -> None:
        account = self.account
        for ledger in LEDGERS:
            known = {key: row for hand in hands if hand.ledger is ledger for key, row in hand.rows.items()}
            with psycopg.connect(self.scene.database.dsn) as connection:
                lost, changed, strange = differences(ledger.read(connection), known)
            account.rows_lost += lost
            account.rows_changed += changed
            account.rows_strange += strange
        account.written = sum(hand.written for hand in hands)
        account.lost_connections = sum(hand.lost_connections for hand in hands)
        account.failed_writes = [said for hand in hands for said in hand.failed]
        listeners = (*self.scene.listeners, *self.scene.ended)
        account.died = [each.output[-3000:] for each in listeners if "Traceback" in each.output]
        account.restarted = len(self.scene.ended)
