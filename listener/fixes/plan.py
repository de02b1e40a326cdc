"""A plan: ordered statements that fix one issue, with hazards, locks, checks and inverse. A new plan is a new fix.

A plan is complete in itself: written to `pgmend.fix.plan` as JSON, it is all that another listener needs to finish or
undo it after a crash. Steps say how to find out what is done (`probe`); memory is never asked.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from ..catalog.snapshot import AttributeNumber, Oid
from ..remedy import Remedy
from ..written_code import WrittenCode

if TYPE_CHECKING:
    from pydantic import TypeAdapter


TURNS = 8


class Hazard(StrEnum):
    """A typed warning."""

    ACCESS_EXCLUSIVE_LOCK = "ACCESS_EXCLUSIVE_LOCK"
    SHARE_ROW_EXCLUSIVE_LOCK = "SHARE_ROW_EXCLUSIVE_LOCK"
    TABLE_REWRITE = "TABLE_REWRITE"
    INDEX_BUILD = "INDEX_BUILD"
    FULL_SCAN = "FULL_SCAN"
    COLUMN_ORDER = "COLUMN_ORDER"
    ORDER_CHANGES = "ORDER_CHANGES"
    DATA_LOSS = "DATA_LOSS"
    RESULT_TYPE_CHANGES = "RESULT_TYPE_CHANGES"
    SPELLING_CHANGES = "SPELLING_CHANGES"
    DEPENDENTS_RECREATED = "DEPENDENTS_RECREATED"
    NOT_MVCC_SAFE = "NOT_MVCC_SAFE"
    UNKNOWN_DURATION = "UNKNOWN_DURATION"
    SERIALIZATION_FAILURES = "SERIALIZATION_FAILURES"
    ROWS_SEEN_WIDER = "ROWS_SEEN_WIDER"
    STALE_PLANS = "STALE_PLANS"


class CastClass(StrEnum):
    """What a cast does to the values that are there (law 6)."""

    EXACT = "exact"
    CANONICAL = "canonical"
    LOSSY = "lossy"


class Verdict(StrEnum):
    """What a check came to."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNPROVED = "unproved"


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock that a step takes: PostgreSQL's name of the mode, and the relation as people write it."""

    mode: str
    relation: str


@dataclass(frozen=True, slots=True)
class Check:
    """A read-only query whose every row is a counter-example; `columns` of the row are what a person is shown.

    `in_transaction` checks run in the last transaction, after the step's statements and before its commit. What is
    asked `at_first` makes sense only before anything is done.
    """

    name: str
    query: str
    meaning: str
    in_transaction: bool = False
    at_first: bool = False


@dataclass(frozen=True, slots=True)
class Proof:
    """A check that ran: its verdict with its figures, or why it could not be run.

    `alone` marks what only who acts alone cannot do without: unproved it stops nobody who approves the plan.
    A `forecast` tells what is to come, and stops nobody. `kept_out` says that others had locked what it is about: a
    moment later it may be proved.
    """

    name: str
    verdict: Verdict
    figures: str
    counter_examples: tuple[str, ...] = ()
    alone: bool = False
    kept_out: bool = False
    forecast: bool = False


@dataclass(frozen=True, slots=True)
class Sweep:
    """Rows of a table, changed in short transactions, some pages each, as the journal's own progress tells.

    Each holds `lock` and finds `checks` to hold before it touches a row. `statement` does it from the place `$1` up to,
    and without, the place `$2` (of type tid), for the rows whose turn is `$3` of `TURNS`, or for all where that is
    NULL; `free_rows` the same for rows that nobody has locked. `left` has a row where one is left to do. `column` is
    SQL for the number of the one that it fills. `as_replica` says that the role may keep others' triggers from firing.
    """

    table: Oid
    column: str
    statement: str
    free_rows: str
    left: str
    as_replica: bool
    lock: str = ""
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One unit that is before or after, never between.

    A `transactional` step sends `statements` as one transaction that also commits the step's own record. Another
    kind (CONCURRENTLY) sends its one statement alone: `probe` tells afterwards what became of it.

    `probe` is a query returning one row with one text: `before` (there is something to do), `done` (nothing is left to
    do) or `partial`; `cleanup` are statements (each alone, outside a transaction) that take `partial` back to `before`,
    or on to `done`. What somebody else made under the same name is not `partial`, so that it is never cleaned up.

    `locks` of a transactional step on relations in `Plan.tables` are taken up front, within the lock timeout all
    together. `long_running` says that no lock of the step blocks writers, so that it may take its time.
    A step that `compares` goes on only where the plan's fingerprints hold; not so one that comes after a step which
    changes a table in more than `Plan.makes`.
    One that `rewrites` writes a table anew, which would be empty to an older snapshot: it commits while there is none.
    `ahead` are read-only statements of it that are run before the locks too: what they look up is at hand under them.
    One with a `sweep` is that, and may stop and go on between two of its transactions.
    One that comes `after_sweep` of a column waits until nobody has a snapshot from before the end of that.
    One with `defaults_of` columns of tables sets these to what the plan says, over nobody else's.
    One that `clears` takes away what the other direction may have left, by its numbers and whatever it is called by
    now: mostly there is nothing. Where it fails it is tried again until it does not.
    """

    title: str
    statements: tuple[str, ...]
    transactional: bool
    probe: str
    locks: tuple[Lock, ...] = ()
    cleanup: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    long_running: bool = False
    compares: bool = True
    rewrites: bool = False
    ahead: tuple[str, ...] = ()
    sweep: Sweep | None = None
    after_sweep: Sweep | None = None
    clears: bool = False
    defaults_of: tuple[tuple[Oid, str], ...] = ()


@dataclass(frozen=True, slots=True)
class KeyedBackup:
    """A relation of `pgmend_backup` whose columns `key_1`, `key_2`, … hold the values of those columns of a table."""

    name: str
    table: Oid
    columns: tuple[AttributeNumber, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """How one issue is fixed and unfixed.

    `tables` are the relations that the statements name, by OID, as `format('%I.%I')` writes them: the plan is stale
    once one has another name. `based_on` pairs a table's OID with its fingerprint at planning, without the indexes and
    constraints named in `makes` (those that the plan makes or unmakes: probes answer for them), and without the columns
    and triggers named in `adds`; the plan is stale once one differs. The planner fills both, where a kind leaves them
    empty.
    `refusal` says why nothing may be done (then there are no steps); `waits_for` what the plan cannot do without yet.
    `restores` marks a state that pgmend itself saw before an event; `needs_approval` why it never runs alone.
    `backups` are relations in `pgmend_backup` that the steps fill and the inverse reads; `keyed` says of which rows.
    `no_inverse` says why there is nothing to undo, where `inverse` is empty. `notes` are what a person should know and
    no check can tell. `afterwards` is the plan that can be made only once this one is applied, as far as it can be told
    now: it becomes a fix of its own. `elsewhere` and `elsewhere_back` are the steps for a database in which nobody
    writes while it is migrated, where those are others.
    """

    kind: str
    issue_id: str
    summary: str
    remedy: Remedy | WrittenCode
    tables: tuple[tuple[Oid, str], ...] = ()
    based_on: tuple[tuple[Oid, str], ...] = ()
    checks: tuple[Check, ...] = ()
    steps: tuple[Step, ...] = ()
    inverse: tuple[Step, ...] = ()
    inverse_checks: tuple[Check, ...] = ()
    hazards: tuple[Hazard, ...] = ()
    restores: bool = False
    undoes_drop: bool = False
    cast_class: CastClass | None = None
    needs_approval: str | None = None
    refusal: str | None = None
    waits_for: str | None = None
    affected_rows: int | None = None
    estimate_ms: float | None = None
    backups: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()
    adds: tuple[str, ...] = ()
    no_inverse: str | None = None
    notes: tuple[str, ...] = ()
    proofs: tuple[Proof, ...] = ()
    afterwards: Plan | None = None
    keyed: tuple[KeyedBackup, ...] = ()
    elsewhere: tuple[Step, ...] = ()
    elsewhere_back: tuple[Step, ...] = ()

    @property
    def locks(self) -> tuple[Lock, ...]:
        """Every lock the steps take, each once, in order."""
        return tuple(dict.fromkeys(lock for step in self.steps for lock in step.locks))

    def to_json(self) -> str:
        """The plan as `pgmend.fix.plan` holds it."""
        return _adapter().dump_json(self).decode()

    @staticmethod
    def from_json(text: str | bytes) -> Plan:
        """The plan that `to_json` wrote."""
        return _adapter().validate_json(text)

    def is_within(self, approved: Plan) -> bool:
        """Whether who approved `approved` has approved this too: no statement, undo or hazard that was not in it.

        A plan made anew has fewer steps where another fix has done some meanwhile.
        """
        if self.refusal or self.waits_for or self.remedy != approved.remedy:
            return False
        return (
            {step.statements for step in self.steps} <= {step.statements for step in approved.steps}
            and {step.statements for step in self.inverse} <= {step.statements for step in approved.inverse}
            and set(self.hazards) <= set(approved.hazards)
        )

    @property
    def plan_hash(self) -> str:
        """Names exactly these statements on exactly this state: what one approves is what one was shown."""
        whole = json.loads(self.to_json())
        named = {key: value for key, value in whole.items() if key not in {"proofs", "affected_rows", "estimate_ms"}}
        return sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()


def proofs_to_json(proofs: tuple[Proof, ...]) -> str:
    """Proofs as `pgmend.fix.proofs` holds them."""
    return _proofs_adapter().dump_json(proofs).decode()


@cache
def _proofs_adapter() -> TypeAdapter[tuple[Proof, ...]]:
    from pydantic import TypeAdapter  # noqa: PLC0415 - as below

    return TypeAdapter(tuple[Proof, ...])


@cache
def _adapter() -> TypeAdapter[Plan]:
    from pydantic import TypeAdapter  # noqa: PLC0415 - a listener that plans nothing need not load it

    return TypeAdapter(Plan)
