"""SHORT_KEY_TYPE: a key, or a column that refers to one, whose type will not hold the numbers for much longer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from ..catalog.snapshot import AttributeNumber, Column, Constraint, Table
from ..counters.sequence import SequenceState, limits_of
from ..errors import CouldNotLook
from ..issue import Finding, Severity
from ..judging.docket import Docket
from ..judging.fact import fact
from ..judging.registry import Reads, rule
from ..judging.scene import Scene
from ..relations.wording import columns_of
from .sequence_exhaustion import SHORT, WORN, numbered_columns, state_of, widened

_HALF = 0.5
_STEPS = (WORN, 0.75, _HALF)


def _suspects(docket: Docket) -> Iterable[Table]:
    """The tables that a sequence numbers, and those with a foreign key to one of them."""
    if not docket.scene.snapshot.numbered_by:
        return ()
    return [table for table in docket.tables if table.numberings or _refers_to_numbered(table, docket.scene)]


def _refers_to_numbered(table: Table, scene: Scene) -> bool:
    tables = scene.snapshot.tables
    parents = (tables.get(key.referenced_table) for key in table.constraints if key.kind == "f")
    return any(parent is not None and parent.numberings for parent in parents)


@rule(
    "SHORT_KEY_TYPE",
    Severity.MEDIUM,
    Reads.COLUMNS | Reads.CONSTRAINTS | Reads.INDEXES | Reads.RELATIONS | Reads.COUNTERS,
    suspects=_suspects,
)
def short_key_type(table: Table, scene: Scene) -> Iterator[Finding]:
    """Keys of type integer and smallint that have used over half of it, and such columns that refer to a key."""
    unknown: list[CouldNotLook] = []
    found: dict[AttributeNumber, Finding] = {}
    for column, state in _own(table, scene, unknown):
        spent = _spent(column, state)
        if _HALF < spent <= WORN:  # beyond, SEQUENCE_EXHAUSTION says it
            finding = _finding(table, column, f"its sequence has used over {_step(spent)}", spent)
            found[column.number] = replace(finding, remedy=widened(table, column, scene))
    for column, key, state in _referring(table, scene, unknown):
        spent = _spent(column, state)
        if spent > _HALF and column.number not in found:
            parent = scene.snapshot.tables[key.referenced_table]
            target = columns_of(parent, key.referenced_columns)
            finding = _finding(table, column, f"{target}, its key, has used over {_step(spent)}", spent)
            # Of a key that is short itself the plan takes along what refers to it.
            alone = not any(each.type_oid in SHORT for each in _keyed(parent, key, column))
            found[column.number] = replace(finding, remedy=widened(table, column, scene) if alone else None)
    yield from found.values()
    if unknown:
        raise unknown[0]


def _own(table: Table, scene: Scene, unknown: list[CouldNotLook]) -> Iterator[tuple[Column, SequenceState]]:
    keyed = {number for index in table.indexes if index.unique for number in index.columns}
    for column, numbering in numbered_columns(table, scene):
        if column.type_oid in SHORT and column.number in keyed:
            try:
                yield column, state_of(table, column, numbering, scene)
            except CouldNotLook as error:
                unknown.append(error)


def _referring(
    table: Table, scene: Scene, unknown: list[CouldNotLook]
) -> Iterator[tuple[Column, Constraint, SequenceState]]:
    if table.is_partition:
        return
    columns: Mapping[AttributeNumber, Column] = {column.number: column for column in table.columns}
    for key in table.foreign_keys:
        parent = scene.snapshot.tables.get(key.referenced_table)
        if key.parent or parent is None or parent.left_alone or not parent.numberings:
            continue
        theirs = dict(zip(key.referenced_columns, key.columns, strict=True))
        for key_column, numbering in numbered_columns(parent, scene):
            column = columns.get(theirs.get(key_column.number, 0))
            if column is not None and column.type_oid in SHORT:
                try:
                    yield column, key, state_of(parent, key_column, numbering, scene)
                except CouldNotLook as error:
                    unknown.append(error)


def _keyed(parent: Table, key: Constraint, column: Column) -> Iterator[Column]:
    """The column of the key that this one refers to."""
    for ours, theirs in zip(key.columns, key.referenced_columns, strict=True):
        if ours == column.number and (found := parent.column(theirs)) is not None:
            yield found


def _spent(column: Column, state: SequenceState) -> float:
    """The share of the type that is used; none where the sequence ends, or begins anew, within it."""
    limits = limits_of(column)
    if limits is None or state.ends_before(limits):
        return 0.0
    return state.spent(limits) or 0.0


def _step(spent: float) -> str:
    return f"{next(step for step in _STEPS if spent > step):.0%}"


def _finding(table: Table, column: Column, how: str, spent: float) -> Finding:
    return Finding(
        table.oid,
        current_state=f"{column.name} is {column.type_name}, and {how} of what that can hold.",
        expected_state=f"{column.name} is bigint, and so are the columns that refer to it and the key it refers to.",
        columns=(column.number,),
        evidence=(fact(f"{int(spent * 100)} % of the numbers that {column.type_name} can hold are used."),),
    )
