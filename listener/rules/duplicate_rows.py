"""DUPLICATE_ROWS: rows that stand in the way of a unique key that ought to be there."""

from __future__ import annotations

from collections.abc import Iterator

from ..catalog.snapshot import Table
from ..errors import CouldNotLook
from ..evidence import Evidence
from ..issue import Finding, Severity
from ..judging.registry import Reads, rule
from ..judging.scene import NotCounted, Scene
from ..judging.wanted_keys import REPETITION, Wanted, suspected_of_repetition, wanted_keys
from ..relations.measurement import Duplicates, Unmeasured
from ..relations.uniqueness import Uniqueness
from ..relations.weights import DECLARED
from ..relations.wording import count, listed


@rule(
    REPETITION,
    Severity.MEDIUM,
    Reads.COLUMNS | Reads.CONSTRAINTS | Reads.INDEXES | Reads.MEASUREMENTS | Reads.EXPECTED,
    suspects=suspected_of_repetition,
)
def duplicate_rows(table: Table, scene: Scene) -> Iterator[Finding]:
    """Rows that repeat others in a unique key which is invalid, expected, or plainly missing."""
    wanted = wanted_keys(table, scene)
    unknown: list[CouldNotLook] = list(wanted.unclear)
    for key, why in wanted.keys.items():
        of = _of(table, key)
        match scene.measurements.duplicates.get(key):
            case Duplicates() as found if found.surplus:
                yield _finding(table, key, found, why)
            case Unmeasured(reason):
                lack = CouldNotLook if why.sure else NotCounted
                unknown.append(lack(f"The rows of {of} were not counted: {reason}."))
            case None:
                unknown.append(NotCounted(f"The rows of {of} are not counted yet."))
            case Duplicates(exact=False):
                unknown.append(NotCounted(f"Of {of} a sample was looked at, in which no row repeats another."))
            case _:
                pass
    if unknown:
        raise unknown[0]


def _of(table: Table, key: Uniqueness) -> str:
    return table.qualified_name if key.whole else f"{table.qualified_name}({', '.join(table.names(key.columns))})"


def _finding(table: Table, key: Uniqueness, found: Duplicates, why: Wanted) -> Finding:
    names = ", ".join(table.names(key.columns))
    repeated = "in all columns" if key.whole else f"in {names}"
    wanted = f" the unique key {why.name} can be made" if why.name else " a unique key can be made"
    return Finding(
        table.oid,
        current_state=f"{_figures(found)} of {table.qualified_name} repeat others {repeated}.",
        expected_state=f"No row of {table.qualified_name} repeats another {repeated}, and{wanted}.",
        columns=() if key.whole else key.columns,
        object_name=why.name,
        evidence=(*why.evidence, *_examples(found)),
        doubt=None if why.sure else "nobody has said that such rows may not be there twice",
    )


def _figures(found: Duplicates) -> str:
    if found.exact:
        return f"{found.surplus:,} of {count(found.rows, 'row')}"
    return f"At least {found.surplus:,} of the {count(found.rows, 'row')} sampled"


def _examples(found: Duplicates) -> Iterator[Evidence]:
    what = "value is" if found.groups == 1 else "different values are"
    yield Evidence("rows", DECLARED, f"{found.groups:,} {what} there more than once.")
    if found.examples:
        more = " among others" if found.groups > len(found.examples) else ""
        yield Evidence("rows", DECLARED, f"More than once: {listed(found.examples)}{more}.")
