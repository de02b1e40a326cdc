"""The rehearsal of a plan: its very steps on an empty copy of what they touch, and the proofs that come of it.

Nothing is written where the rows are: statements are parsed and described on the copy, and the steps are taken there.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from weakref import WeakKeyDictionary

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...codebase.witness import CodeWitness
from ...dsn import normalise
from ...errors import CouldNotLook
from ...expected.read import read_portrait
from ...settings import SEEN_FOR, Settings
from ...statements.comparison import Witness
from ...statements.known import known_statements
from ...statements.statement import StatementSource
from ...statements.touched import read_touched
from ..limits import Limits
from ..plan import CastClass, Hazard, Lock, Plan, Proof, Step, Verdict
from ..sqlstates import in_words
from .copy import build_copy, trusted_roles
from .ground import rehearsal_ground, sweep_ground
from .likeness import NOTHING, RELATIONS, require_likeness
from .remembered import Remembered
from .scope import scope_of
from .statement_proof import NAME as STATEMENTS
from .statement_proof import Descriptions, not_known
from .translation import translation
from .trial import Trial, take_steps

log = structlog.get_logger()
STEPS: Final = "the steps come to their end on an empty copy"
LOCKS: Final = "the steps lock what the plan says"
REWRITES: Final = "the steps write anew what the plan says"
_TURNS: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock]] = WeakKeyDictionary()
# Data exceptions, syntax errors; but for what is gone or not allowed.
_WRONG: Final = ("22", "42")
_MOVED: Final = frozenset({"42501", "42P01", "42704", "42703", "42883", "42P07", "42710"})
_LONGEST_DESCRIBING: Final = timedelta(seconds=15)


class Rehearsal:
    """Rehearses plans, on the server of `dsn` where that is set, else beside the database itself.

    `seen_for` is for how long the server has to have seen statements, so that they are all that matter. `sources` know
    statements besides those that the database knows, `witnesses` prove changes harmless.
    """

    def __init__(
        self,
        dsn: str | None = None,
        sources: Sequence[StatementSource] = (),
        witnesses: Sequence[Witness] = (),
        *,
        seen_for: timedelta = SEEN_FOR,
    ) -> None:
        self._dsn = dsn
        self._seen_for = seen_for
        self._sources = sources
        self._witnesses = witnesses

    @property
    def sources(self) -> Sequence[StatementSource]:
        """What knows statements besides the database."""
        return self._sources

    async def proofs(
        self,
        connection: AsyncConnection[TupleRow],
        plan: Plan,
        limits: Limits,
        left: Sequence[Step] | None = None,
        *,
        alone: bool = False,
    ) -> tuple[Proof, ...]:
        """What the rehearsal proves; nothing for a plan that cannot change what statements mean.

        `left` are the steps that are left to do of a plan that was begun: the copy is as the tables are by now. Who
        acts `alone` needs all of it proved: where that cannot be, nothing is rehearsed.
        `connection` is to the database that the plan is for, in autocommit mode; it only reads there. A process takes
        one connection more for it, and so one rehearsal at a time.
        """
        if not is_rehearsed(plan):
            return ()
        try:
            async with _turn():
                return await self.rehearse(connection, plan, limits, left, alone=alone)
        except CouldNotLook as error:
            return _unproved(str(error))
        except psycopg.Error as error:
            if connection.broken:
                raise
            if not _is_defect(error):
                return _unproved(in_words(error))
            log.exception("a rehearsal failed", plan=plan.summary)
            return _unproved(f"{in_words(error)}; this is a defect of pgmend")

    async def sweep(self, connection: AsyncConnection[TupleRow]) -> None:
        """Drop what rehearsals left that a crash ended; what cannot be dropped now is left to the next one."""
        try:
            await sweep_ground(connection, self._dsn)
        except (CouldNotLook, psycopg.Error) as error:
            if connection.broken:
                raise
            log.warning("scratch databases are left", reason=str(error))

    async def rehearse(
        self,
        connection: AsyncConnection[TupleRow],
        plan: Plan,
        limits: Limits,
        left: Sequence[Step] | None = None,
        *,
        alone: bool = False,
    ) -> tuple[Proof, ...]:
        """The same of a plan of any kind, whoever else rehearses. Raises CouldNotLook, psycopg.Error."""
        left = plan.steps if left is None else left
        started = time.monotonic()
        touched = await read_touched(connection, [oid for oid, _ in plan.tables])
        known = await known_statements(connection, touched, self._seen_for, self._sources)
        if alone and (lacking := not_known(known)):
            reasons = tuple(lacking[: limits.counter_examples])
            return (
                Proof(
                    STATEMENTS, Verdict.UNPROVED, "not all can be known, so that nothing was tried", reasons, alone=True
                ),
            )
        names = {name for each in known.statements for name in each.relations}
        portrait = await read_portrait(connection, await scope_of(connection, touched, names), left_alone=NOTHING)
        trusted = await trusted_roles(connection)
        where = (connection.info.host, connection.info.port, connection.info.dbname, connection.info.user, self._dsn)
        key = (*where, tuple(self._witnesses), plan.plan_hash, tuple(left))
        remembered = Remembered(key, known, portrait, trusted)
        if (proofs := remembered.proofs()) is not None:
            return proofs
        async with rehearsal_ground(connection, self._dsn) as ground:
            lacking = await build_copy(ground, portrait, trusted)
            await require_likeness(ground, portrait, touched, lacking)
            translated = await translation(connection, ground, plan)
            steps = [translated.step(step) for step in left]
            exact = plan.cast_class is CastClass.EXACT
            descriptions = Descriptions(
                known, self._witnesses, _LONGEST_DESCRIBING, limits.counter_examples, exact=exact
            )
            await descriptions.begin(ground)
            await ground.execute("select pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', false)")
            trial = await take_steps(ground, steps, limits)
            statements = await descriptions.compared(ground)
        relations = sum(each.kind in RELATIONS for each in portrait.objects)
        took = (
            f"plan {plan.plan_hash[:12]}, {trial.statements} statements, on a copy of {relations} relations in"
            f" {time.monotonic() - started:.2f} s"
        )
        steps_taken = Proof(STEPS, Verdict.PROVED, took, alone=True)
        proofs = (steps_taken, _locks(plan, trial), _rewrites(plan, trial), statements)
        remembered.keep(proofs)
        return proofs


def _is_defect(error: psycopg.Error) -> bool:
    """Whether it is our own query that is wrong: neither the server's state nor others' DDL explains it."""
    sqlstate = error.sqlstate or ""
    return sqlstate.startswith(_WRONG) and sqlstate not in _MOVED


def _turn() -> asyncio.Lock:
    """What rehearsals of this process have one at a time."""
    return _TURNS.setdefault(asyncio.get_running_loop(), asyncio.Lock())


def rehearsal_of(settings: Settings, sources: Sequence[StatementSource] = ()) -> Rehearsal:
    """Rehearsals where the settings say, of what those sources know besides the database."""
    dsn = settings.rehearsal_dsn
    where = None if dsn is None else normalise(dsn.get_secret_value(), "rehearsal_dsn")
    return Rehearsal(where, sources, (CodeWitness(),), seen_for=settings.statements_seen_for)


def is_rehearsed(plan: Plan) -> bool:
    """Whether what statements mean may change with the plan, and it is no state that they were written for."""
    return bool(plan.steps) and not plan.restores and Hazard.RESULT_TYPE_CHANGES in plan.hazards


def _unproved(reason: str) -> tuple[Proof, ...]:
    return tuple(
        Proof(name, Verdict.UNPROVED, f"no rehearsal: {reason}", alone=True)
        for name in (STEPS, LOCKS, REWRITES, STATEMENTS)
    )


def _locks(plan: Plan, trial: Trial) -> Proof:
    taken = ", ".join(_said(each) for each in trial.locks) or "none that keeps anybody from writing"
    if trial.undeclared:
        examples = tuple(f"{_said(each)} is not among the plan's locks" for each in trial.undeclared)
        return Proof(LOCKS, Verdict.REFUTED, f"taken: {taken}", examples, alone=True)
    if not all(step.transactional for step in plan.steps):
        return Proof(LOCKS, Verdict.UNPROVED, f"taken: {taken}; of CONCURRENTLY nothing is measured", alone=True)
    return Proof(LOCKS, Verdict.PROVED, f"taken: {taken}", alone=True)


def _said(lock: Lock) -> str:
    return f"{lock.mode} on {lock.relation}"


def _rewrites(plan: Plan, trial: Trial) -> Proof:
    written = ", ".join(trial.rewritten) or "nothing"
    if trial.rewritten and Hazard.TABLE_REWRITE not in plan.hazards:
        return Proof(REWRITES, Verdict.REFUTED, f"written anew: {written}", trial.rewritten, alone=True)
    return Proof(REWRITES, Verdict.PROVED, f"written anew: {written}", alone=True)
