"""SEQUENCE_EXHAUSTION: a sequence that is nearly at the end of what it, or the column that it numbers, can hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..catalog.snapshot import AttributeNumber, Column, Numbering, Oid, Table
from ..counters.sequence import Limits, SequenceState, limits_of
from ..errors import CouldNotLook
from ..issue import Finding, Severity
from ..judging.fact import fact
from ..judging.registry import Reads, rule
from ..judging.scene import NotCounted, Scene
from ..remedy import ChangeColumnType, WidenSequence

WORN = 0.9
# smallint and integer, which bigint has room for.
SHORT = frozenset({21, 23})
# The first number that smallint, integer and bigint do not hold.
_BEYOND = {21: 1 << 15, 23: 1 << 31, 20: 1 << 63}
# The text goes by steps: each time it changes the issue is told anew, and what somebody ignored comes back.
_STEPS = (0.99, 0.95, WORN)


@rule(
    "SEQUENCE_EXHAUSTION",
    Severity.CRITICAL,
    Reads.COLUMNS | Reads.RELATIONS | Reads.COUNTERS,
    suspects=lambda docket: docket.numbered,
)
def sequence_exhaustion(table: Table, scene: Scene) -> Iterator[Finding]:
    """Sequences that have spent over 90 % of the numbers that both they and their column's type can hold."""
    unknown: CouldNotLook | None = None
    for column, numbering in numbered_columns(table, scene):
        try:
            state = state_of(table, column, numbering, scene)
        except CouldNotLook as error:
            unknown = unknown or error
            continue
        limits = limits_of(column)
        spent = state.spent(limits)
        if spent is not None and spent > WORN:
            by_itself = _ends_by_itself(state, limits)
            remedy = _longer(table, column, state) if by_itself else widened(table, column, scene)
            yield replace(_finding(table, column, state, limits, spent), remedy=remedy)
    if unknown is not None:
        raise unknown


def numbered_columns(table: Table, scene: Scene) -> Iterator[tuple[Column, Numbering]]:
    """The columns that a sequence numbers by itself; what a table has from its parent is the parent's matter.

    One that a column owns and nothing calls is left over.
    """
    if table.is_partition:
        return
    for numbering in table.numberings:
        column = table.column(numbering.column)
        if column is None or not (numbering.called or column.identity):
            continue
        if not (column.inherited and _is_numbered_above(table, numbering, scene)):
            yield column, numbering


def state_of(table: Table, column: Column, numbering: Numbering, scene: Scene) -> SequenceState:
    """How far the sequence has come; raises CouldNotLook where nobody knows."""
    state = scene.counters.sequences.get(numbering.sequence)
    where = f"{table.qualified_name}({column.name})"
    if state is None:
        raise NotCounted(f"The sequence that numbers {where} is not read yet.")
    if state.trouble is not None:
        raise CouldNotLook(f"The sequence {state.schema}.{state.name}, which numbers {where}: {state.trouble}.")
    return state


def widened(table: Table, column: Column, scene: Scene) -> ChangeColumnType | None:
    """A key of a shorter type as bigint, with all that refers to it, and what means it by evidence; None for others.

    What refers to it by foreign keys is found when it is planned.
    """
    if column.type_oid not in SHORT:
        return None
    along: set[tuple[Oid, AttributeNumber]] = set()
    for relation in scene.relations.to(table.oid):
        if relation.believed and column.number in relation.link.key.columns:
            number = relation.link.columns[relation.link.key.columns.index(column.number)]
            theirs = scene.snapshot.tables[relation.link.table].column(number)
            if theirs is not None and theirs.type_oid in SHORT:
                along.add((relation.link.table, number))
    return ChangeColumnType(table.oid, column.number, "bigint", along=tuple(sorted(along)))


def _is_numbered_above(table: Table, numbering: Numbering, scene: Scene) -> bool:
    parents = (scene.snapshot.tables.get(oid) for oid in table.parents)
    return any(
        numbering.sequence == each.sequence for parent in parents if parent is not None for each in parent.numberings
    )


def _longer(table: Table, column: Column, state: SequenceState) -> WidenSequence | None:
    """The sequence with its column's type, where its end is that of a shorter one and so nobody's choice."""
    shorter = [beyond for beyond in _BEYOND.values() if beyond < _BEYOND.get(column.type_oid, 0)]
    ends = state.greatest + 1 if state.increment > 0 else -state.least
    return WidenSequence(table.oid, column.number, state.oid) if ends in shorter else None


def _ends_by_itself(state: SequenceState, limits: Limits | None) -> bool:
    """Whether a wider column would be of no use."""
    return limits is None or state.ends_before(limits)


def _finding(table: Table, column: Column, state: SequenceState, limits: Limits | None, spent: float) -> Finding:
    name = state.name if state.schema == table.schema else f"{state.schema}.{state.name}"
    own_end = _ends_by_itself(state, limits)
    end = "its own range" if own_end else f"what {column.type_name} can hold"
    if spent >= 1:
        current = f"{name}, which numbers {column.name}, is at the end of {end}: the next insert fails."
    else:
        step = next(step for step in _STEPS if spent > step)
        current = f"{name}, which numbers {column.name}, has used over {step:.0%} of {end}."
    return Finding(
        table.oid,
        current_state=current,
        expected_state=_cure(column, state, name, own_end=own_end),
        columns=(column.number,),
        object_name=name,
        evidence=(fact(f"{int(spent * 100)} % of the numbers of {name} that {column.name} can hold are used."),),
    )


def _cure(column: Column, state: SequenceState, name: str, *, own_end: bool) -> str:
    if own_end:
        end = "MAXVALUE" if state.increment > 0 else "MINVALUE"
        return f"{name} has a {end} that {column.name} can hold and that is far away."
    return f"{column.name} has a wider type, and so have {name} and the columns that refer to {column.name}."
