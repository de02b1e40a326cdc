"""DUPLICATE_FOREIGN_KEY: two foreign keys of the same columns to the same key: each write is checked twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ..catalog.snapshot import Constraint, Table
from ..issue import Finding, Severity
from ..judging.docket import Docket
from ..judging.fact import fact
from ..judging.registry import Reads, rule
from ..judging.scene import Scene
from ..relations.wording import columns_of, listed

_ACTIONS = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}


def _suspects(docket: Docket) -> Iterable[Table]:
    """The tables of which two foreign keys refer to the same table."""
    pairs = [(table.oid, key.referenced_table) for table, key in docket.foreign_keys]
    if len(set(pairs)) == len(pairs):
        return ()
    several = {oid for (oid, _), keys in Counter(pairs).items() if keys > 1}
    return [table for table in docket.tables if table.oid in several]


@rule("DUPLICATE_FOREIGN_KEY", Severity.MEDIUM, Reads.CONSTRAINTS, suspects=_suspects)
def duplicate_foreign_key(table: Table, scene: Scene) -> Iterator[Finding]:
    """Foreign keys that pair the same columns with those of the same table, in whatever order they name them."""
    alike: dict[object, list[Constraint]] = {}
    for key in table.constraints:
        if key.kind == "f" and not key.parent:
            alike.setdefault(_pairs(key), []).append(key)
    for twins in alike.values():
        if len(twins) > 1:
            yield from _findings(table, twins, scene)


def _pairs(key: Constraint) -> object:
    """What the foreign key ties to what. PERIOD compares otherwise, and one that is not enforced checks nothing."""
    pairs = frozenset(zip(key.columns, key.referenced_columns, strict=True))
    return key.referenced_table, pairs, key.temporal, key.enforced


def _findings(table: Table, twins: Sequence[Constraint], scene: Scene) -> Iterator[Finding]:
    """All but the one to be kept: validated before not, then the older."""
    kept, *others = sorted(twins, key=lambda key: (not key.validated, key.oid))
    parent = scene.snapshot.tables.get(kept.referenced_table)
    for key in others:
        names = ", ".join(table.names(key.columns))
        target = columns_of(parent, key.referenced_columns) if parent is not None else "the same key"
        differences = list(_differences(kept, key))
        unlike = f" They differ in {listed(differences)}, and both act." if differences else ""
        yield Finding(
            table.oid,
            current_state=f"The foreign key {key.name} ties {names} to {target}, and so does {kept.name}.{unlike}",
            expected_state="Only the one that is meant is there." if differences else f"Only {kept.name} is there.",
            columns=key.columns,
            object_name=key.name,
            evidence=(fact(f"pg_constraint pairs the same columns in {kept.name} and {key.name}."),),
            doubt=f"they differ in {listed(differences)}, and nothing says which is meant" if differences else None,
        )


def _differences(one: Constraint, other: Constraint) -> Iterator[str]:
    """In what they differ besides their names, in words."""
    if one.on_delete != other.on_delete:
        yield f"ON DELETE ({_ACTIONS[one.on_delete]} and {_ACTIONS[other.on_delete]})"
    if one.on_update != other.on_update:
        yield f"ON UPDATE ({_ACTIONS[one.on_update]} and {_ACTIONS[other.on_update]})"
    if set(one.on_delete_columns) != set(other.on_delete_columns):
        yield "the columns that ON DELETE sets"
    if one.match_type != other.match_type:
        yield "MATCH"
    if (one.deferrable, one.deferred) != (other.deferrable, other.deferred):
        yield "when they are checked"
