"""What rules see, and what one of them makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..listener.catalog.change import Change
from ..listener.catalog.snapshot import Oid, Snapshot
from ..listener.errors import RuleFailed
from ..listener.issue import Issue
from ..listener.judging.judge import CheckStatus, Judge
from ..listener.judging.registry import Rule
from ..listener.judging.scene import Scene
from ..listener.relations.atlas import Atlas
from ..listener.relations.measurement import Containment, Measurements, Unmeasured
from ..listener.relations.relation import Key, Link
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
) -> Scene:
    """What rules see of the snapshot; `changes` are newest first."""
    measurements = Measurements(counts or {})
    by_table: dict[Oid, tuple[Change, ...]] = {}
    for change in changes:
        by_table[change.table_oid] = (*by_table.get(change.table_oid, ()), change)
    relations = Atlas(of).relations_of(of.tables, measurements, by_table)
    return Scene(of, relations, measurements, by_table)


def judged(of: Scene | Snapshot | str, rule: Rule) -> list[Issue]:
    """What a rule finds in all tables of a scene, a snapshot, or the text of one; every table counts as critical.

    Raises RuleFailed where the rule would be `could_not_run`, saying what it raised and in which line.
    """
    seen = of if isinstance(of, Scene) else scene(snapshot(of) if isinstance(of, str) else of)
    judgement = Judge([rule], critical_tables=("*",)).judge(seen, seen.snapshot.tables)
    (check,) = judgement.checks
    if check.status is CheckStatus.COULD_NOT_RUN:
        raise RuleFailed(check.reason or "could not run")
    return list(judgement.issues)
