"""The roster: every rule that there is, those that judge, as the settings make them, and why the others do not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import partial
from typing import Self

from ..catalog.snapshot import Table
from ..errors import InvalidRequest, SettingsError
from ..expected.difference import Difference
from ..issue import Finding, Severity
from ..settings import RuleSettings, Settings, matches
from ..source.code_types import code_types
from .own_rules import Lack, OwnRules, find_own_rules, unloaded_own_rules
from .registry import AnyRule, DatabaseJudge, DatabaseRule, ExpectationRule, Judge, builtin_rules
from .scene import Scene


@dataclass(frozen=True, slots=True)
class Place:
    """One rule on the roster. `off` says why it does not judge, `closes` whether somebody meant that for good."""

    rule: AnyRule
    settings: RuleSettings
    off: str | None = None
    closes: bool = False


@dataclass(frozen=True)
class Roster:
    """Rules in the order of their names. `lacks` are own rules that should judge and cannot."""

    places: tuple[Place, ...]
    lacks: tuple[Lack, ...] = ()
    _by_type: Mapping[str, Place] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_type", {place.rule.issue_type: place for place in self.places})

    @classmethod
    def of(cls, rules: Sequence[AnyRule]) -> Self:
        """Those rules, as they are."""
        return cls(tuple(Place(rule, RuleSettings()) for rule in rules))

    @classmethod
    def muster(cls, settings: Settings, select: Sequence[str] = (), ignore: Sequence[str] = ()) -> Self:
        """The built-in rules and all own ones as settings and flags make them; a flag beats the settings.

        Imports own rules. Raises SettingsError and, for a flag, InvalidRequest naming what is no rule.
        """
        builtin = _builtin(settings)
        return cls._mustered(settings, builtin, find_own_rules(settings.rules, builtin), select, ignore)

    @classmethod
    def without_own_rules(cls, settings: Settings) -> Self:
        """The built-in rules as the settings make them. No own rule is imported: what may be the name of one is let
        pass. Raises SettingsError."""
        return cls._mustered(settings, _builtin(settings), unloaded_own_rules(settings.rules), (), ())

    @classmethod
    def _mustered(
        cls,
        settings: Settings,
        builtin: Mapping[str, AnyRule],
        own: OwnRules,
        select: Sequence[str],
        ignore: Sequence[str],
    ) -> Self:
        names = _Names([*builtin.values(), *own.rules], own.lacks)
        wanted = _wanted(settings, names)
        selected, ignored = names.flagged("--select", select), names.flagged("--ignore", ignore)
        places = [
            _place(rule, wanted.get(rule.issue_type, RuleSettings()), settings, selected, ignored)
            for rule in sorted(names.rules, key=lambda each: each.issue_type)
        ]
        return cls(tuple(places), own.lacks)

    @property
    def judging(self) -> tuple[AnyRule, ...]:
        """The rules that judge."""
        return tuple(_adjusted(place) for place in self.places if place.off is None)

    def find(self, name: str) -> Place:
        """The rule of that name or stem; raises InvalidRequest."""
        for place in self.places:
            if name in (place.rule.issue_type, place.rule.stem):
                return place
        raise InvalidRequest(_Names([place.rule for place in self.places], self.lacks).unknown(name))

    def types(self, select: Sequence[str], ignore: Sequence[str]) -> tuple[str, ...] | None:
        """The issue types that such flags leave, of the schema and of code; None where there are no flags. Raises
        InvalidRequest."""
        names = _Names([place.rule for place in self.places], self.lacks, of_code=code_types())
        selected, ignored = names.flagged("--select", select), names.flagged("--ignore", ignore)
        if not select and not ignore:
            return None
        return tuple(name for name in selected or (*self._by_type, *code_types()) if name not in ignored)

    def judges(self, issue_type: str) -> bool:
        """Whether a rule looks for that: only then does not finding it say anything."""
        place = self._by_type.get(issue_type)
        return place is not None and place.off is None

    def why_closed(self, issue_type: str, schema: str, table: str) -> str | None:
        """Why the settings want nobody to look for that there any more; None where somebody does or should."""
        place = self._by_type.get(issue_type)
        if place is None:
            return None
        if place.closes:
            return f"nobody looks any more: {place.off}"
        if matches(place.settings.exclude, schema, table):
            return f"nobody looks any more: rule.{issue_type}.exclude covers {schema}.{table}"
        return None

    def why_not_automatic(self, issue_type: str) -> str | None:
        """Why the settings do not let such an issue be fixed alone; None where they do."""
        place = self._by_type.get(issue_type)
        if place is None:
            return f"no rule {issue_type} is here that would see whether it is still so"
        if place.off is not None:
            return place.off
        if place.rule.own and not place.settings.automatic:
            return f"{issue_type} is an own rule: only with rule.{issue_type}.automatic = true is it fixed alone"
        return None


def _builtin(settings: Settings) -> Mapping[str, AnyRule]:
    """The built-in rules by name; raises SettingsError where the folder of own ones is none."""
    if settings.rules is not None and not settings.rules.is_dir():
        source = settings.source_of("rules")
        raise SettingsError(f"rules = {str(settings.rules)!r} (from {source}): there is no such folder; make it.")
    return {rule.issue_type: rule for rule in builtin_rules()}


class _Names:
    """Rules by both names that people use, `MISSING_INDEX` and `missing_index`."""

    def __init__(self, rules: Sequence[AnyRule], lacks: Sequence[Lack], of_code: Sequence[str] = ()) -> None:
        self.rules = rules
        self._types = {name: rule.issue_type for rule in rules for name in (rule.issue_type, rule.stem)}
        self._types |= {name: each for each in of_code for name in (each, each.lower())}
        self._lacks = lacks

    def flagged(self, flag: str, words: Sequence[str]) -> tuple[str, ...]:
        """The issue types that a flag names, several with commas between."""
        names = [name.strip() for word in words for name in word.split(",") if name.strip()]
        for name in names:
            if name not in self._types:
                raise InvalidRequest(f"{flag} {name}: {self.unknown(name)}")
        return tuple(dict.fromkeys(self._types[name] for name in names))

    def known(self, name: str) -> str | None:
        """The issue type; None where it is none of the schema's: of code, or perhaps of own rules that are not here."""
        if name in self._types:
            return self._types[name]
        if self._lacks or name.upper() in code_types():
            return None
        raise LookupError(self.unknown(name))

    def unknown(self, name: str) -> str:
        """That there is no such rule, and which there are."""
        if name.upper() in code_types():
            return f"{name.upper()} is found in code: `pgmend analyze` looks for it."
        known = sorted(rule.issue_type for rule in self.rules)
        meant = get_close_matches(name.upper(), known, 1)
        hint = f"did you mean {meant[0]}?" if meant else f"there are {', '.join(known)}."
        blind = "".join(f" {lack.reason}" for lack in self._lacks)
        return f"There is no rule {name!r}; {hint}{blind}"


def _wanted(settings: Settings, names: _Names) -> Mapping[str, RuleSettings]:
    """The settings of each rule by its issue type; raises SettingsError."""
    source = settings.source_of("rule")
    found: dict[str, RuleSettings] = {}
    own = {rule.issue_type for rule in names.rules if rule.own}
    for name, each in settings.rule.items():
        try:
            issue_type = names.known(name)
        except LookupError as unknown:
            raise SettingsError(f"rule.{name} (from {source}): {unknown}") from None
        if issue_type is None and name.upper() in code_types():
            issue_type = name.upper()
        if issue_type is None:
            continue
        if issue_type in found:
            raise SettingsError(f"rule.{name} (from {source}): {issue_type} is set twice; keep one of the two.")
        if each.automatic is not None and issue_type not in own:
            raise SettingsError(
                f"rule.{name}.automatic (from {source}): only own rules have it; what pgmend's own ones do alone is"
                " said by auto_fix."
            )
        found[issue_type] = each
    return found


def _place(
    rule: AnyRule, wanted: RuleSettings, settings: Settings, selected: Collection[str], ignored: Collection[str]
) -> Place:
    if rule.issue_type in ignored:
        return Place(rule, wanted, "left out by --ignore")
    if selected:
        return Place(rule, wanted, None if rule.issue_type in selected else "left out by --select")
    if not wanted.enabled:
        where = settings.source_of("rule")
        return Place(rule, wanted, f"switched off: rule.{rule.issue_type}.enabled = false (from {where})", closes=True)
    return Place(rule, wanted)


def _adjusted(place: Place) -> AnyRule:
    """The rule with the severity that was set for it, silent on tables and places that it is to leave alone."""
    rule, severity, exclude = place.rule, place.settings.severity, place.settings.exclude
    if severity is None and not exclude:
        return rule
    if isinstance(rule, ExpectationRule):
        return replace(rule, severity=severity or rule.severity, silent=partial(_is_excluded, exclude))
    if isinstance(rule, DatabaseRule):
        of_places = _judging_places(rule.judge, severity, exclude)
        return replace(rule, severity=severity or rule.severity, judge=of_places)
    return replace(rule, severity=severity or rule.severity, judge=_judging(rule.judge, severity, exclude))


def _is_excluded(exclude: tuple[str, ...], difference: Difference) -> bool:
    name = difference.name
    return matches(exclude, name.schema, name.relation or name.name)


def _judging_places(judge: DatabaseJudge, severity: Severity | None, exclude: tuple[str, ...]) -> DatabaseJudge:
    def adjusted(scene: Scene) -> Iterator[Finding]:
        for finding in judge(scene):
            place = finding.place
            if place is None or not matches(exclude, place.schema, place.name):
                yield finding if severity is None else replace(finding, severity=severity)

    adjusted.__doc__ = judge.__doc__
    return adjusted


def _judging(judge: Judge, severity: Severity | None, exclude: tuple[str, ...]) -> Judge:
    excluded: dict[tuple[str, str], bool] = {}

    def adjusted(table: Table, scene: Scene) -> Iterator[Finding]:
        if exclude:
            name = table.schema, table.name
            if name not in excluded:
                excluded[name] = matches(exclude, *name)
            if excluded[name]:
                return
        for finding in judge(table, scene):
            yield finding if severity is None else replace(finding, severity=severity)

    adjusted.__doc__ = judge.__doc__
    return adjusted
