"""In which order plans can be applied: what others stand on comes first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from ..expected.portrait import ObjectKind
from ..remedy import (
    AddForeignKey,
    ChangeColumnType,
    CreateIndex,
    DropIndex,
    RebuildIndex,
    Remedy,
    RestoreObject,
    ValidateConstraint,
)
from .plan import Plan

T = TypeVar("T")

# What all others are found by comes back first: names, then what types, columns and keys stand on.
_FIRST = ("name",)
_GROUND = frozenset(
    {
        *(ObjectKind.EXTENSION, ObjectKind.SCHEMA, ObjectKind.TYPE, ObjectKind.SEQUENCE),
        *(ObjectKind.FUNCTION, ObjectKind.TABLE, ObjectKind.COLUMN),
    }
)
# Who owns and may use what is made is told by what makes it; these are for what is there, when all of it is.
_LAST = ("owner", "grants", "comment")
# A foreign key needs equal types and an index; a twin index goes before its table is rewritten or indexed anew.
_ORDER: tuple[type[Remedy], ...] = (
    DropIndex,
    RebuildIndex,
    ChangeColumnType,
    CreateIndex,
    AddForeignKey,
    ValidateConstraint,
)


def ordered(items: Iterable[T], key: Callable[[T], Plan | None]) -> list[T]:
    """Items by the order of their plans, those without one last; otherwise as they came."""
    return sorted(items, key=lambda item: _place(key(item)))


def _place(plan: Plan | None) -> tuple[int, int]:
    if plan is None:
        return len(_ORDER) + 1, 0
    if isinstance(plan.remedy, RestoreObject):
        return _place_of(plan.remedy)
    return _ORDER.index(type(plan.remedy)), 0


def _place_of(remedy: RestoreObject) -> tuple[int, int]:
    """Before all other fixes, after them, or among what they stand on and what stands on them, in the kinds' order."""
    kind = list(ObjectKind).index(ObjectKind(remedy.object_kind))
    if remedy.aspect in _FIRST:
        return -2, kind
    if remedy.aspect in _LAST:
        return len(_ORDER), kind
    if remedy.object_kind in _GROUND:
        return -1, kind
    return _ORDER.index(AddForeignKey), kind
