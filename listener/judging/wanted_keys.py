"""Keys that ought to be there and are not, each with what says so: rows that repeat others stand in their way.

No name is asked. A key is wanted where somebody has begun to make it (an invalid unique index), where the expected
schema has it, where a table only ties two others together, and, as far as whole rows go, where a table has no key at
all: of two rows that are the same in everything neither can be named.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ..catalog.index_state import IndexState, index_state
from ..catalog.snapshot import AttributeNumber, Column, Index, Table
from ..evidence import Evidence
from ..relations.families import family
from ..relations.uniqueness import Uniqueness
from ..relations.weights import DECLARED
from .docket import Docket, either
from .expectation import unique_key
from .fact import fact
from .scene import NotCounted, Scene, Undecided, UnderWay

REPETITION: Final = "DUPLICATE_ROWS"
TIES_TWO: Final = 1.5
"""A table that has two foreign keys and nothing else to say: a pair that is there twice says nothing new. Yet somebody
may count by such rows, so that this is never more than a suspicion."""
NO_KEY: Final = 1.5
"""Nothing tells the rows of a table apart. That is an oversight more often than a log in which they do repeat."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What says that a key ought to be there. `name` is what it is or should be called, "" where it has no name.

    `sure`: somebody has said so; then what keeps the rows from being counted is a lack, and not just silence.
    """

    evidence: tuple[Evidence, ...]
    name: str = ""
    sure: bool = True


@dataclass(frozen=True, slots=True)
class WantedKeys:
    """The keys of one table that are wanted, and why of others nothing can be said."""

    keys: dict[Uniqueness, Wanted]
    unclear: tuple[Undecided, ...]


def suspected_of_repetition(docket: Docket) -> Sequence[Table]:
    """The tables of which a key may be wanted."""
    if docket.scene.expected.unseen is not None:
        return docket.tables
    return either(docket.keyless, docket.tying, docket.unfinished, docket.different)


def wanted_keys(table: Table, scene: Scene) -> WantedKeys:
    """The keys that the table ought to have; the surest reason comes first for each set of columns."""
    keys: dict[Uniqueness, Wanted] = {}
    unclear: list[Undecided] = []
    if table.kind == "f":
        return WantedKeys(keys, ())
    for found in _all(table, scene):
        if isinstance(found, Undecided):
            unclear.append(found)
            continue
        key, wanted = found
        if any(_keeps_apart(index, key, table) for index in table.indexes):
            continue
        columns = frozenset(key.columns)
        same = next((other for other in keys if columns == frozenset(other.columns)), None)
        if same is None:
            keys[key] = wanted
        else:
            before = keys[same]
            keys[same] = Wanted(before.evidence + wanted.evidence, before.name or wanted.name, before.sure)
    return WantedKeys(keys, tuple(unclear))


def _all(table: Table, scene: Scene) -> Iterator[tuple[Uniqueness, Wanted] | Undecided]:
    yield from _begun(table)
    yield from _expected(table, scene)
    if not table.is_partition and not table.parents:
        yield from _tying(table)
        yield from _whole(table)


def _begun(table: Table) -> Iterator[tuple[Uniqueness, Wanted] | Undecided]:
    """The columns of unique indexes whose build failed."""
    for index in table.indexes:
        state = index_state(table, index)
        if not index.unique or index.exclusion or state not in (IndexState.ABANDONED, IndexState.UNDER_WAY):
            continue
        if state is IndexState.UNDER_WAY:
            yield UnderWay(f"The index {index.name} of {table.qualified_name} is being built, rebuilt or dropped.")
        elif not _compares_columns(table, index):
            yield NotCounted(f"What {index.name} keeps apart is more than columns; it is not counted.")
        else:
            key = Uniqueness(table.oid, tuple(sorted(index.columns)), index.nulls_not_distinct)
            seen = fact(
                f"The unique index {index.name} is invalid: its build failed, and duplicates are what fails it."
            )
            yield _countable(table, key, Wanted((seen,), index.name))


def _expected(table: Table, scene: Scene) -> Iterator[tuple[Uniqueness, Wanted] | Undecided]:
    """The columns of unique keys that the expected schema has, and the table has not."""
    if scene.expected.unseen is not None:
        yield Undecided(f"The schema was not compared with the expected one: {scene.expected.unseen}")
    for difference in scene.expected.differences.get(table.oid, ()):
        if (found := unique_key(difference, table)) is not None:
            columns, one_null = found
            name, source = difference.name.name, scene.expected.source
            seen = Evidence("expected", DECLARED, f"{source[0].upper()}{source[1:]} has the unique key {name}.")
            key = Uniqueness(table.oid, tuple(sorted(columns)), one_null)
            yield _countable(table, key, Wanted((seen,), name))


def _tying(table: Table) -> Iterator[tuple[Uniqueness, Wanted]]:
    """The pair of foreign keys of a table that holds nothing besides but a number of its own."""
    keys = [key for key in table.foreign_keys if key.enforced and not key.temporal]
    if len(keys) != len(table.foreign_keys) or len(keys) != 2:
        return
    first, second = (frozenset(key.columns) for key in keys)
    if first <= second or second <= first:
        return
    pair = first | second
    own = table.primary_key.columns if table.primary_key is not None else ()
    if any(column.number not in pair and (column.number,) != own for column in table.columns):
        return
    key = Uniqueness(table.oid, tuple(sorted(pair)))
    if _are_compared(table, key.columns):
        seen = "It has two foreign keys and no other columns, and no unique key keeps a pair from being there twice."
        yield key, Wanted((Evidence("ties", TIES_TWO, seen),), sure=False)


def _whole(table: Table) -> Iterator[tuple[Uniqueness, Wanted]]:
    """All columns of a table without any key; what is computed from the others tells no rows apart."""
    if any(index.unique for index in table.indexes):
        return
    columns = tuple(column.number for column in table.columns if not column.generated)
    if columns and _are_compared(table, columns):
        seen = f"Neither a primary key nor a unique index tells the rows of {table.qualified_name} apart."
        yield (
            Uniqueness(table.oid, columns, one_null=True, whole=True),
            Wanted((Evidence("keyless", NO_KEY, seen),), sure=False),
        )


def _keeps_apart(index: Index, key: Uniqueness, table: Table) -> bool:
    """Whether that index lets no row repeat another in the key."""
    if not (index.unique and index.valid and index.ready) or index.shape is not None or 0 in index.columns:
        return False
    columns = [column for column in table.columns if column.number in index.columns]
    without_nulls = index.nulls_not_distinct or all(column.not_null for column in columns)
    return set(index.columns) <= set(key.columns) and (without_nulls or not key.one_null)


def _countable(table: Table, key: Uniqueness, wanted: Wanted) -> tuple[Uniqueness, Wanted] | Undecided:
    if _are_compared(table, key.columns):
        return key, wanted
    return NotCounted(f"Values of the types of {', '.join(table.names(key.columns))} are not compared.")


def _are_compared(table: Table, numbers: Collection[AttributeNumber]) -> bool:
    """Whether values are told apart by built-in operators, and none is computed while it is read."""
    columns = [column for column in table.columns if column.number in numbers]
    return all(family(column.type_oid) is not None and column.generated != "v" for column in columns)


def _compares_columns(table: Table, index: Index) -> bool:
    """Whether the index compares values of columns, in all rows, as the columns themselves do."""
    if index.shape is not None or 0 in index.columns:
        return False
    columns = [table.column(number) for number in index.columns]
    return all(map(_as_itself, columns, index.collations))


def _as_itself(column: Column | None, collation: int) -> bool:
    return column is not None and collation in (0, column.collation)
