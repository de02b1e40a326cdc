"""What rules see, and what one of them makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..listener.catalog.change import Change
from ..listener.catalog.snapshot import DATABASE, Oid, Snapshot
from ..listener.counters.counters import Counters
from ..listener.counters.idle import Idleness
from ..listener.counters.sequence import SequenceState
from ..listener.errors import RuleFailed
from ..listener.impact.impact import Impacts
from ..listener.issue import Issue
from ..listener.judging.judge import CheckStatus, Judge
from ..listener.judging.registry import AnyRule
from ..listener.judging.scene import Scene
from ..listener.relations.atlas import Atlas
from ..listener.relations.measurement import Containment, Measurements, Unmeasured
from ..listener.relations.relation import Key, Link
from .alteration import table
from .text import NOON, named, snapshot


def link(of: Snapshot, columns: str, key: str) -> Link:
    """`link(shop, "orders(user_id)", "users(id)")`, several columns with commas between."""
    (ours, numbers), (theirs, keyed) = named(of, columns), named(of, key)
    return Link(ours.oid, numbers, Key(theirs.oid, keyed))


def counted(
    rows: int, outside: int = 0, *, distinct: int | None = None, uncastable: int = 0, exact: bool = True
) -> Containment:
    """What counting came to; all values distinct unless told."""
    examples = tuple(f"'{value}'" for value in range(min(outside + uncastable, 3)))
    seen = rows if distinct is None else distinct
    return Containment(rows, outside, uncastable, exact, NOON, examples, seen)


def scene(
    of: Snapshot,
    counts: Mapping[Link, Containment | Unmeasured] | None = None,
    changes: Iterable[Change] = (),
    sequences: Iterable[SequenceState] = (),
) -> Scene:
    """What rules see of the snapshot; `changes` are newest first. Indexes are watched, and none is idle;
    events are heard, and none did harm."""
    measurements = Measurements(counts or {})
    by_table: dict[Oid, tuple[Change, ...]] = {}
    for change in changes:
        by_table[change.table_oid] = (*by_table.get(change.table_oid, ()), change)
    relations = Atlas(of).relations_of(of.tables, measurements, by_table)
    counters = Counters({each.oid: each for each in sequences}, Idleness({}, standbys=False))
    return Scene(of, relations, measurements, by_table, counters, impacts=Impacts())


def counting(of: Snapshot, name: str, column: str, last: int | None, /, **fields: Any) -> SequenceState:
    """The sequence that numbers a column, which has come to `last`; an integer's own unless `fields` say otherwise."""
    owner = table(of, name)
    number = next(each.number for each in owner.columns if each.name == column)
    sequence = next(each.sequence for each in owner.numberings if each.column == number)
    state = SequenceState(
        sequence, owner.schema, f"{name}_{column}_seq", 1, 1, 1, (1 << 31) - 1, cycles=False, last=last
    )
    return state._replace(**fields)


def judged(of: Scene | Snapshot | str, rule: AnyRule) -> list[Issue]:
    """What a rule finds in all tables of a scene, a snapshot, or the text of one; every table counts as critical.

    Raises RuleFailed where the rule would be `could_not_run`, saying what it raised and in which line.
    """
    seen = of if isinstance(of, Scene) else scene(snapshot(of) if isinstance(of, str) else of)
    judgement = Judge([rule], critical_tables=("*",)).judge(seen, (*seen.snapshot.tables, DATABASE))
    (check,) = judgement.checks
    if check.status is CheckStatus.COULD_NOT_RUN:
        raise RuleFailed(check.reason or "could not run")
    return list(judgement.issues)
