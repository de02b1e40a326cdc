"""Kinds of faults, one a module, and how a random one is made."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from .kind import FaultKind

KINDS: tuple[FaultKind, ...] = tuple(
    module.KIND
    for name in sorted(each.name for each in iter_modules(__path__))
    if hasattr(module := import_module(f"{__name__}.{name}"), "KIND")
)
