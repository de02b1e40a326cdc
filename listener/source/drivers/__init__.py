"""Drivers find themselves: one per module of this package that has a DRIVER or DRIVERS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from .driver import Driver, Sink

PREPARED: Final = "a prepared statement"
"""Stands for a driver where an object has its SQL already: its methods take values alone."""


@cache
def drivers() -> Mapping[str, Driver]:
    """Every driver by its name."""
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    found = [each for module in modules for each in vars(module).values() if isinstance(each, Driver)]
    several = [getattr(module, "DRIVERS", ()) for module in modules]
    return {each.name: each for each in sorted([*found, *(e for s in several for e in s)], key=lambda each: each.name)}


def outermost(names: Iterable[str]) -> list[str]:
    """Those that are not below another of them."""
    listed = list(names)
    below = {each for name in listed for each in drivers()[name].over}
    return [each for each in listed if each not in below]


@cache
def by_import() -> Mapping[str, str]:
    """The driver of an imported module's name, longest names first."""
    pairs = [(module, driver.name) for driver in drivers().values() for module in driver.modules]
    return dict(sorted(pairs, key=lambda pair: -len(pair[0])))


def driver_of(dotted: str) -> str | None:
    """The driver that a dotted name belongs to."""
    known = by_import()
    while dotted:
        if dotted in known:
            return known[dotted]
        dotted = dotted.rpartition(".")[0]
    return None


@cache
def sinks_named() -> Mapping[str, tuple[tuple[str, Sink], ...]]:
    """For each method's name the drivers that have it."""
    found: dict[str, list[tuple[str, Sink]]] = {}
    for driver in drivers().values():
        for name, sink in (*driver.sinks.items(), *driver.functions.items()):
            found.setdefault(name, []).append((driver.name, sink))
    return {name: tuple(each) for name, each in found.items()}
