"""Rules find themselves: the decorator that makes a function a rule, and the walk that collects those of `rules/`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Flag, auto
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from ..catalog.snapshot import Table
from ..issue import Finding, Severity
from .scene import Scene

BUILT_IN = "pgmend"


class Reads(Flag):
    """What of a scene a rule looks at: a change elsewhere cannot change its findings."""

    COLUMNS = auto()
    CONSTRAINTS = auto()
    INDEXES = auto()
    RELATIONS = auto()
    MEASUREMENTS = auto()


Judge = Callable[[Table, Scene], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A judge of one table within its scene, the type of issue it opens and the severity in a critical table.

    `source` is where it comes from: pgmend, or for an own rule the package or the file.
    """

    issue_type: str
    severity: Severity
    reads: Reads
    judge: Judge
    stem: str
    source: str = field(default=BUILT_IN, kw_only=True)

    @property
    def own(self) -> bool:
        """Whether somebody else wrote it."""
        return self.source != BUILT_IN

    @property
    def summary(self) -> str:
        """The first line of what the rule says of itself."""
        return next(iter((self.judge.__doc__ or "").strip().splitlines()), "")


def rule(issue_type: str, severity: Severity, reads: Reads) -> Callable[[Judge], Rule]:
    """Make a judging function a rule. Its module's name is the stem that docs page and test share."""

    def make(judge: Judge) -> Rule:
        return Rule(issue_type, severity, reads, judge, judge.__module__.rpartition(".")[2])

    return make


@cache
def builtin_rules() -> tuple[Rule, ...]:
    """Every rule on the path of package `rules`, by issue type."""
    package = import_module("..rules", __package__)
    modules = [import_module(f"{package.__name__}.{module.name}") for module in iter_modules(package.__path__)]
    found = {value for module in modules for value in vars(module).values() if isinstance(value, Rule)}
    return tuple(sorted(found, key=lambda each: each.issue_type))
