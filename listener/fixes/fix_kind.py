"""Fix kinds find themselves: the decorator that makes a function a remedy's planner, and the walk over `kinds/`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Generic, TypeVar, cast

from ..remedy import Remedy
from .plan import Plan
from .site import Site

R = TypeVar("R", bound=Remedy)


@dataclass(frozen=True, slots=True)
class FixKind(Generic[R]):
    """A planner of one kind of remedy. `plan` raises PlanRefused with the reason where nothing may be done."""

    remedy: type[R]
    plan: Callable[[R, Site], Awaitable[Plan]]


def fix_kind(remedy: type[R]) -> Callable[[Callable[[R, Site], Awaitable[Plan]]], FixKind[R]]:
    """Make a planning function the fix kind of that remedy."""

    def make(plan: Callable[[R, Site], Awaitable[Plan]]) -> FixKind[R]:
        return FixKind(remedy, plan)

    return make


def kind_of(remedy: Remedy) -> FixKind[Any]:
    """The fix kind of that remedy; no other one is loaded."""
    return _called(remedy.kind)


@cache
def _called(name: str) -> FixKind[Any]:
    """The one of that name, in the module of that name."""
    kind: FixKind[Any] = getattr(import_module(f".kinds.{name}", __package__), name)
    return kind


def builtin_kinds() -> Mapping[type[Remedy], FixKind[Any]]:
    """Every fix kind of `kinds/`, by remedy."""
    package = import_module(".kinds", __package__)
    found: dict[type[Remedy], FixKind[Any]] = {}
    for module in iter_modules(package.__path__):
        for value in vars(import_module(f"{package.__name__}.{module.name}")).values():
            if isinstance(value, FixKind):
                kind = cast("FixKind[Any]", value)
                found[kind.remedy] = kind
    return found
