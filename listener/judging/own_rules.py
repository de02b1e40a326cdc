"""Own rules as they are found: in installed packages (entry points `pgmend.rules`) and in a folder of Python files.

What cannot be loaded is told as a lack, with its traceback in the log; the others judge all the same.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module, invalidate_caches
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import cast

import structlog

from ..errors import RuleRefused
from .registry import AnyRule, Rule

GROUP = "pgmend.rules"
_PACKAGE = "pgmend_own_rules"
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Lack:
    """Rules that should judge and cannot: where they come from, and why. `issue_type` is empty where none is known."""

    source: str
    reason: str
    issue_type: str = ""


@dataclass(frozen=True, slots=True)
class OwnRules:
    """Every own rule that can judge, by name, and what cannot."""

    rules: tuple[Rule, ...]
    lacks: tuple[Lack, ...]


def find_own_rules(folder: Path | None, taken: Mapping[str, AnyRule]) -> OwnRules:
    """Those of every installed package, then those of the folder. `taken` are the built-in ones, by name."""
    shelf = _Shelf()
    for entry in sorted(entry_points(group=GROUP), key=lambda each: (each.name, each.value)):
        shelf.load(_source_of(entry), lambda entry=entry: _rules_in(entry.load()))
    if folder is not None:
        _open_package(folder)
        for file in sorted(folder.glob("*.py")):
            if not file.name.startswith("_"):
                shelf.load(str(file), lambda file=file: _rules_in(import_module(f"{_PACKAGE}.{file.stem}")))
    return shelf.sorted_out(taken)


def unloaded_own_rules(folder: Path | None) -> OwnRules:
    """None, and where there may be some the lacks; nothing is loaded."""
    sources = [_source_of(entry) for entry in entry_points(group=GROUP)]
    if folder is not None:
        sources.append(str(folder))
    return OwnRules((), tuple(Lack(each, "it was not loaded.") for each in sources))


class _Shelf:
    """Rules by name, with every source that has one of that name."""

    def __init__(self) -> None:
        self._found: defaultdict[str, list[Rule]] = defaultdict(list)
        self._known: set[int] = set()
        self._lacks: list[Lack] = []

    def load(self, source: str, read: Callable[[], Iterable[Rule]]) -> None:
        """Put up what `read` finds, or tell why it finds nothing. A rule that one file imports from another is one."""
        try:
            rules = list(read())
        except RuleRefused as refused:
            self._lack(source, str(refused))
            return
        except (Exception, SystemExit) as error:
            log.exception("own rules could not be loaded", source=source)
            self._lack(source, f"{type(error).__name__}: {error}. Mend it, or take it away; the log has the traceback.")
            return
        if not rules:
            self._lack(source, "there is no rule in it: put @rule(…) of pgmend.rules on a function.")
        for rule in rules:
            if id(rule.judge) not in self._known:
                self._known.add(id(rule.judge))
                self._found[rule.issue_type].append(replace(rule, source=source))

    def sorted_out(self, taken: Mapping[str, AnyRule]) -> OwnRules:
        """The rules whose name one source alone gives. Of several none judges, for none has a better claim."""
        good: list[Rule] = []
        for name, rules in sorted(self._found.items()):
            others = [taken[name].source] if name in taken else []
            if len(rules) + len(others) == 1:
                good += rules
                continue
            sources = " and ".join(sorted({*others, *(rule.source for rule in rules)}))
            for rule in rules:
                self._lacks.append(Lack(rule.source, f"{name} comes from {sources}: give one another name.", name))
        return OwnRules(tuple(good), tuple(self._lacks))

    def _lack(self, source: str, reason: str) -> None:
        self._lacks.append(Lack(source, f"Own rules of {source} could not be loaded: {reason}"))


def _rules_in(loaded: object) -> Iterable[Rule]:
    """The rules of a module, of a list, or the one that it is."""
    match loaded:
        case Rule():
            return (loaded,)
        case ModuleType():
            return [value for value in vars(loaded).values() if isinstance(value, Rule) and value.own]
        case list() | tuple():
            several = cast("list[object] | tuple[object, ...]", loaded)
            if all(isinstance(each, Rule) for each in several):
                return cast("list[Rule]", several)
        case _:
            pass
    raise RuleRefused(f"{loaded!r} is neither a module, nor a rule, nor a list of rules.")


def _source_of(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version} ({entry.value})" if entry.dist is not None else entry.value


def _open_package(folder: Path) -> None:
    """Make the folder a package, so that its files can import each other; what was loaded before is read again."""
    for name in [name for name in sys.modules if name == _PACKAGE or name.startswith(f"{_PACKAGE}.")]:
        del sys.modules[name]
    package = ModuleType(_PACKAGE, "Own rules, as the setting `rules` says where they are.")
    package.__path__ = [str(folder.resolve())]
    sys.modules[_PACKAGE] = package
    invalidate_caches()
