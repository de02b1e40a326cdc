"""One object that hangs on a column, and what becomes of it when the column gets another type."""

from __future__ import annotations

from dataclasses import dataclass

from ...catalog.snapshot import Column, Oid, Table
from ..composed import identifier
from ..plan import Lock
from ..retyping.casts import Cast


@dataclass(frozen=True, slots=True)
class Subject:
    """The column that is to change its type, and who changes it.

    `ties` are the foreign keys of the group that it changes with, by OID: they are not there meanwhile. It is None for
    a column that changes alone.
    """

    table: Table
    table_name: str
    column: Column
    cast: Cast
    role: str
    ties: frozenset[Oid] | None = None

    @property
    def quoted_column(self) -> str:
        """The column's name as a statement writes it."""
        return identifier(self.column.name).as_string()


@dataclass(frozen=True, slots=True)
class Dependent:
    """What `described` names (as `description.py` does), and what it takes to bring it through.

    The statements of `down` run before the type changes, those of `up` after it, in reverse order of the dependents; a
    dependent without either is kept by ALTER TYPE itself. `mended` puts back what ALTER TYPE loses of a kept one. Undo
    takes the same ways unless it has its own. `refusal` says why it can't be preserved, `note` what a person should
    know of it; `ms_per_row` is what its renewal costs for each row of the table. The relations of `tables` are locked
    before anything else; `locks` has these and all other locks but those on the column's own table.
    """

    described: str
    down: tuple[str, ...] = ()
    up: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()
    undo_down: tuple[str, ...] | None = None
    undo_up: tuple[str, ...] | None = None
    refusal: str | None = None
    note: str | None = None
    locks: tuple[Lock, ...] = ()
    tables: tuple[tuple[Oid, str], ...] = ()
    ms_per_row: float = 0.0

    @property
    def recreated(self) -> bool:
        """Whether it is taken down and put back."""
        return bool(self.down)


def refused(described: str, reason: str) -> Dependent:
    """A dependent that can't be preserved."""
    return Dependent(described, refusal=f"{described} {reason}")
