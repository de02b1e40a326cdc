"""Evidence kinds find themselves: one per module of `kinds/`, each with what it proposes and what it has to say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import NamedTuple

from ..catalog.change import Change
from ..catalog.snapshot import Column, Oid, Table
from ..evidence import Evidence
from .audience import Audience
from .families import Fit, fit
from .measurement import Measurements
from .register import Register
from .relation import Link
from .wording import columns_at


@dataclass(frozen=True, slots=True)
class Sight:
    """All that evidence may look at. `changes` are by table, newest first.

    `named` remembers which tables a table's column names by its name; a sight is not used beyond the next change.
    """

    register: Register
    audience: Callable[[], Audience]
    measurements: Measurements
    changes: Mapping[Oid, tuple[Change, ...]]
    named: dict[tuple[Oid, str], frozenset[Oid]] = field(default_factory=dict[tuple[Oid, str], frozenset[Oid]])


class Candidate(NamedTuple):
    """A link that somebody proposed, with its tables and columns at hand. `fit` is the worst of its pairs'."""

    link: Link
    table: Table
    columns: tuple[Column, ...]
    key_table: Table
    key_columns: tuple[Column, ...]
    primary: bool
    fit: Fit


Propose = Callable[[Table, Sequence[Column], Sight], Iterable[Link]]
Weigh = Callable[[Candidate, Sequence[Candidate], Sight], Iterable[Evidence]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of evidence, under the name that its evidence bears.

    `propose` names links for a table's free columns; each must be to a key of a table in the register, else it is
    passed over. `weigh` says what speaks for or against one candidate, given all candidates of the same columns.
    """

    name: str
    weigh: Weigh
    propose: Propose | None = None


@cache
def builtin_kinds() -> tuple[Kind, ...]:
    """Every kind of `kinds/`, by name."""
    package = import_module(f"{__name__.rpartition('.')[0]}.kinds")
    modules = [import_module(f"{package.__name__}.{module.name}") for module in iter_modules(package.__path__)]
    found = {value for module in modules for value in vars(module).values() if isinstance(value, Kind)}
    return tuple(sorted(found, key=lambda kind: kind.name))


def candidate_of(link: Link, register: Register) -> Candidate | None:
    """The link as a candidate; None where its key is none, or its types cannot be meant for each other."""
    table, key_table = register.tables.get(link.table), register.tables.get(link.key.table)
    key = next((key for key in register.keys(link.key.table) if key.columns == link.key.columns), None)
    if table is None or key_table is None or key is None:
        return None
    if table.persistence == "p" and key_table.persistence != "p":
        return None
    ours, theirs = columns_at(table, link.columns), columns_at(key_table, link.key.columns)
    if len(ours) != len(link.columns) or len(theirs) != len(ours) or (table is key_table and ours == theirs):
        return None
    worst = _worst_fit(ours, theirs)
    if worst is Fit.STRANGE:
        return None
    return Candidate(link, table, ours, key_table, theirs, key.primary, worst)


def _worst_fit(ours: Sequence[Column], theirs: Sequence[Column]) -> Fit:
    fits = [fit(one.type_oid, other.type_oid) for one, other in zip(ours, theirs, strict=True)]
    return fits[0] if len(fits) == 1 else max(fits, key=lambda each: each.value)
