"""Bounded, dated counts of rows: what the data says of a link, or of a key. Taken by `measure.py`, judged by rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ..catalog.snapshot import Snapshot
from .families import countable
from .relation import Link
from .uniqueness import Uniqueness

Subject = Link | Uniqueness
"""What can be measured."""


@dataclass(frozen=True, slots=True)
class Containment:
    """How many of a link's values have their key.

    `rows` are the referring rows looked at (NULLs left out), `orphans` those without a key, `uncastable` those whose
    value cannot even be written in the key's type (not counted among `orphans`). `distinct` is how many different
    values were seen, at least. `exact` is false for a sample. `examples` are a few values without a key, the only one
    where there is one.
    """

    rows: int
    orphans: int
    uncastable: int
    exact: bool
    taken_at: datetime
    examples: tuple[str, ...] = ()
    distinct: int = 0

    @property
    def outside(self) -> int:
        """Rows without a key, for whatever reason."""
        return self.orphans + self.uncastable


@dataclass(frozen=True, slots=True)
class Duplicates:
    """How many rows have the same values in the columns of a key that ought to be.

    `rows` are the rows looked at, `groups` the values that are there more than once, `surplus` how many rows would have
    to go for each to be there once. `exact` is false for a sample. `examples` are a few of those values.
    """

    rows: int
    groups: int
    surplus: int
    exact: bool
    taken_at: datetime
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """Why a link or a key was not measured: nothing may be concluded."""

    reason: str


def speaks(found: Containment | Unmeasured | None) -> bool:
    """Whether counting the link came to anything that can be weighed: without rows it says what not counting says."""
    return isinstance(found, Containment) and found.rows > 0


@dataclass(frozen=True)
class Measurements:
    """What was measured, by link and by key; one that is not here was not asked for."""

    containment: Mapping[Link, Containment | Unmeasured] = field(default_factory=dict[Link, Containment | Unmeasured])
    duplicates: Mapping[Uniqueness, Duplicates | Unmeasured] = field(
        default_factory=dict[Uniqueness, Duplicates | Unmeasured]
    )

    def counted(self, link: Link) -> Containment | None:
        """The link's containment, where somebody could count it."""
        found = self.containment.get(link)
        return found if isinstance(found, Containment) else None


def is_countable(link: Link, snapshot: Snapshot) -> bool:
    """Whether the link's values can be compared with the key's without running anybody's code."""
    table, key_table = snapshot.tables.get(link.table), snapshot.tables.get(link.key.table)
    if table is None or key_table is None:
        return False
    pairs = [(table.column(a), key_table.column(b)) for a, b in zip(link.columns, link.key.columns, strict=True)]
    return all(a is not None and b is not None and countable(a.type_oid, b.type_oid) for a, b in pairs)
