"""In which order plans can be applied: what others stand on comes first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from ..remedy import AddForeignKey, ChangeColumnType, CreateIndex, DropIndex, RebuildIndex, Remedy, ValidateConstraint
from .plan import Plan

T = TypeVar("T")

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


def _place(plan: Plan | None) -> int:
    return len(_ORDER) if plan is None else _ORDER.index(type(plan.remedy))
