"""In which order plans can be applied: what others stand on comes first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from ..remedy import Turn
from .plan import Plan

T = TypeVar("T")


def ordered(items: Iterable[T], key: Callable[[T], Plan | None]) -> list[T]:
    """Items by the turns of their plans' remedies, those without a plan last; otherwise as they came."""
    return sorted(items, key=lambda item: _place(key(item)))


def _place(plan: Plan | None) -> int:
    return max(Turn) + 1 if plan is None else plan.remedy.turn
