"""Many cases on one schema under the same listener, one by one; on a new copy of it after one that went wrong."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

import aiohttp
import psycopg
from pgmend.sql.install import adopt

from tests.acceptance.listener import Listener, listen
from tests.support.process import Processes

from .baseline import Baseline, lock_baseline
from .case import Case, Fate, run_case
from .faults import KINDS
from .faults.kind import FaultKind
from .healing import Healing
from .injector import Injector
from .subject import STRANGER, Subject

_FRUITLESS = 20
_LARGEST_GROUP = 4
_SINGLE_SHARE = 0.5
# One that never ends well shall not be the only one that is tried for all later cases.
_CASES_A_COPY = 25

# How long a table may be locked is another test's subject: a busy machine shall not refuse what a quiet one heals.
_SETTINGS = {"auto_fix": "all", "scan_interval": "86400", "online_above": "5s"}

Told = Callable[[Sequence[Fate]], None]


@dataclass(frozen=True, slots=True)
class Round:
    """So many faults on one subject; the same seed makes the same ones as long as pgmend does the same.

    `mishaps` are the cases that came to no end: a listener that died, or from which nothing was heard.
    """

    subject: Subject
    faults: int
    seed: int
    baseline: Baseline
    kinds: Sequence[FaultKind] = KINDS
    mishaps: list[str] = field(default_factory=list[str])

    async def run(self, tell: Told = lambda _: None) -> list[Fate]:
        """All fates; `tell` hears of those of each case as it ends. Fewer than asked for where nothing can break."""
        fates: list[Fate] = []
        fruitless = number = 0
        while len(fates) < self.faults and fruitless < _FRUITLESS:
            async with self._copy() as (listener, connection):
                sound, of_this_copy = True, 0
                while sound and len(fates) < self.faults and fruitless < _FRUITLESS and of_this_copy < _CASES_A_COPY:
                    number += 1
                    of_this_copy += 1
                    try:
                        made = await self._run_one(number, self.faults - len(fates), listener, connection)
                        sound = all(fate.healed_again for fate in made)
                    except (psycopg.Error, TimeoutError, aiohttp.ClientError) as error:
                        made, sound = [], False
                        self._put_down(number, error, listener)
                    fruitless = 0 if made else fruitless + 1
                    fates += made
                    tell(made)
        return fates

    def _put_down(self, number: int, error: Exception, listener: Listener) -> None:
        said = "\n".join(listener.process.output.splitlines()[-20:])
        self.mishaps.append(f"{self.subject.name}, case {number}: {type(error).__name__}: {error}\n{said}")

    async def _run_one(
        self, number: int, left: int, listener: Listener, connection: psycopg.AsyncConnection
    ) -> list[Fate]:
        random = Random(zlib.crc32(f"{self.seed} {self.subject.name} {number}".encode()))
        size = 1 if random.random() < _SINGLE_SHARE else random.randint(2, _LARGEST_GROUP)
        case = Case(number, min(size, left), together=random.random() < 0.5)
        dsn = listener.database.dsn
        injector = Injector(dsn, random, STRANGER, self.kinds)
        return await run_case(case, self.subject, dsn, injector, Healing(listener, connection, random))

    @asynccontextmanager
    async def _copy(self) -> AsyncIterator[tuple[Listener, psycopg.AsyncConnection]]:
        """A copy of the subject with a listener on it that may do all alone and has seen everything."""
        pgmend = Processes()
        with self.subject.server.database(self.subject.template) as database:
            with psycopg.connect(database.dsn, autocommit=True) as connection:
                adopt(connection)
            await lock_baseline(pgmend, database, self.baseline)
            try:
                listener = await listen(pgmend, database, settle="0.1", patience=120, **_SETTINGS)
                yield listener, await database.connect()
            finally:
                await pgmend.close()
