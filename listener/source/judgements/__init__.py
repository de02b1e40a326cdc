"""Judgements find themselves: one per module of this package that has a JUDGEMENT."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from .judgement import Judgement


@cache
def judgements() -> tuple[Judgement, ...]:
    """Every judgement, by the name of its issue type."""
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    found = [value for module in modules if isinstance(value := getattr(module, "JUDGEMENT", None), Judgement)]
    return tuple(sorted(found, key=lambda each: each.issue_type))
