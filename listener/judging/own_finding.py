"""What an own rule found, looked at before anybody relies on it.

It is about the table that was judged, and all in it is of the right type, exists there, and can be stored.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from typing import cast

from ..catalog.snapshot import Table
from ..evidence import Evidence
from ..issue import Finding, Severity
from ..remedy import AddForeignKey, ChangeColumnType, CreateIndex, DropIndex, RebuildIndex, ValidateConstraint
from .scene import Scene

LONGEST_TEXT = 10_000
MOST_FINDINGS = 1000
_METHODS = frozenset({"btree", "hash", "gin", "gist", "spgist", "brin"})
_ACTIONS = frozenset("arcnd")


class Nonsense(ValueError):
    """A finding that cannot be one; says what is wrong with it."""


def checked(found: object, table: Table, scene: Scene, before: int) -> Finding:
    """The finding, of which there were so many `before` on the table, with its lists as tuples; raises Nonsense."""
    if before >= MOST_FINDINGS:
        raise Nonsense(f"it found over {MOST_FINDINGS} issues on one table; let one tell of all")
    if not isinstance(found, Finding):
        raise Nonsense(f"it yielded {found!r}, which is no Finding")
    if found.table != table.oid:
        raise Nonsense(f"its finding is on table {found.table!r}, and it was asked about {table.oid}: write table.oid")
    _check_text("current_state", found.current_state)
    _check_text("expected_state", found.expected_state)
    _check_text("object_name", found.object_name, may_be_empty=True)
    if found.doubt is not None:
        _check_text("doubt", found.doubt)
    severity: object = found.severity
    if severity is not None and severity not in list(Severity):
        raise Nonsense(f"severity={severity!r} is no Severity")
    columns, evidence = _tuple("columns", found.columns), _tuple("evidence", found.evidence)
    _check_numbers("columns", columns, table, expressions=True)
    for each in evidence:
        _check_evidence(each)
    if found.remedy is not None:
        _check_remedy(found.remedy, table, scene)
    return replace(
        found,
        columns=cast("tuple[int, ...]", columns),
        evidence=cast("tuple[Evidence, ...]", evidence),
        event_id=None,
    )


def _check_evidence(each: object) -> None:
    if not isinstance(each, Evidence):
        raise Nonsense(f'evidence has {each!r} in it, which is no Evidence; fact("…") makes one')
    _check_text("evidence.kind", each.kind)
    _check_text("evidence.seen", each.seen)
    if not _is_finite(each.weight):
        raise Nonsense(f"evidence has the weight {each.weight!r}, which is no finite number")


def _check_remedy(remedy: object, table: Table, scene: Scene) -> None:
    """A built-in kind, on things that are there, and nothing in it that would be SQL or claim to be a restore."""
    if getattr(remedy, "table", table.oid) != table.oid:
        raise Nonsense("its remedy is on another table than its finding")
    if is_dataclass(remedy) and any(isinstance(getattr(remedy, each.name), list) for each in fields(remedy)):
        raise Nonsense(f"remedy={remedy!r} has a list in it; write a tuple")
    match remedy:
        case CreateIndex():
            _check_nothing(remedy, "definition", "name")
            _check_numbers("remedy.columns", remedy.columns, table, needed=True)
            _check_numbers("remedy.included", remedy.included, table)
            _check_one_of("remedy.method", remedy.method, _METHODS)
            if not all(isinstance(option, int) for option in _tuple("remedy.options", remedy.options)):
                raise Nonsense(f"remedy.options={remedy.options!r} are not all numbers")
        case AddForeignKey():
            _check_nothing(remedy, "name")
            referenced = scene.snapshot.tables.get(remedy.referenced_table)
            if referenced is None:
                raise Nonsense(f"its remedy refers to table {remedy.referenced_table!r}, which is not there")
            _check_numbers("remedy.columns", remedy.columns, table, needed=True)
            _check_numbers("remedy.referenced_columns", remedy.referenced_columns, referenced, needed=True)
            _check_numbers("remedy.on_delete_columns", remedy.on_delete_columns, table)
            for name in ("on_update", "on_delete"):
                _check_one_of(f"remedy.{name}", getattr(remedy, name), _ACTIONS)
            _check_one_of("remedy.match_type", remedy.match_type, frozenset("sf"))
        case ChangeColumnType():
            _check_nothing(remedy, "restores")
            _check_numbers("remedy.column", (remedy.column,), table, needed=True)
            _check_text("remedy.type_name", remedy.type_name)
            _check_along(remedy.along or (), scene)
        case RebuildIndex():
            _check_known("remedy.index", remedy.index, (each.oid for each in table.indexes))
        case DropIndex():
            _check_known("remedy.index", remedy.index, (each.oid for each in table.indexes))
            _check_known("remedy.kept", remedy.kept, (each.oid for each in table.indexes))
        case ValidateConstraint():
            _check_known("remedy.constraint", remedy.constraint, (each.oid for each in table.constraints))
        case _:
            raise Nonsense(f"remedy={remedy!r}: an own rule proposes one of pgmend.rules' remedies, never SQL")


def _check_along(along: object, scene: Scene) -> None:
    for each in _tuple("remedy.along", along):
        match each:
            case (int() as oid, int() as number) if (table := scene.snapshot.tables.get(oid)) is not None:
                _check_numbers("remedy.along", (number,), table)
            case _:
                raise Nonsense(f"remedy.along={along!r} is no tuple of pairs: OID of a table, number of a column")


def _check_nothing(remedy: object, *names: str) -> None:
    for name in names:
        if getattr(remedy, name):
            raise Nonsense(f"remedy.{name} is not for own rules: only what pgmend itself saw is restored")


def _check_one_of(name: str, value: object, known: frozenset[str]) -> None:
    if value not in known:
        raise Nonsense(f"{name}={value!r} is none of {', '.join(sorted(known))}")


def _check_known(name: str, value: object, known: Iterable[int]) -> None:
    if value not in tuple(known):
        raise Nonsense(f"{name}={value!r} is not on the table")


def _check_numbers(
    name: str, numbers: object, table: Table, *, needed: bool = False, expressions: bool = False
) -> None:
    known = {column.number for column in table.columns} | ({0} if expressions else set[int]())
    several = _tuple(name, numbers)
    if needed and not several:
        raise Nonsense(f"{name} is empty")
    for number in several:
        if not isinstance(number, int) or number not in known:
            raise Nonsense(f"{name} has {number!r} in it, which is no column's number in {table.qualified_name}")


def _check_text(name: str, text: object, *, may_be_empty: bool = False) -> None:
    if not isinstance(text, str):
        raise Nonsense(f"{name}={text!r} is no text")
    if not text.strip() and not may_be_empty:
        raise Nonsense(f"{name} is empty")
    if len(text) > LONGEST_TEXT:
        raise Nonsense(f"{name} is longer than {LONGEST_TEXT} characters")
    if "\0" in text or any("\ud800" <= each <= "\udfff" for each in text):
        raise Nonsense(f"{name} has a character in it that PostgreSQL cannot store")


def _is_finite(weight: object) -> bool:
    return isinstance(weight, int | float) and math.isfinite(weight)


def _tuple(name: str, several: object) -> tuple[object, ...]:
    if not isinstance(several, tuple | list):
        raise Nonsense(f"{name}={several!r} is no tuple")
    return tuple(cast("tuple[object, ...] | list[object]", several))
