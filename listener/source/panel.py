"""The panel: what is judged in code, as settings and flags make it, and why the rest is not."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Self

from ..errors import InvalidRequest
from ..settings import RuleSettings, Settings, matches
from .code_types import code_types
from .judgements import judgements
from .judgements.judgement import Judgement


@dataclass(frozen=True, slots=True)
class Seat:
    """One judgement on the panel. `off` says why it is not made."""

    judgement: Judgement
    settings: RuleSettings
    off: str | None = None

    def is_excluded(self, schema: str, table: str, file: str) -> bool:
        """Whether the settings leave that alone: by a pattern on the table, or on the file's path."""
        excluded = self.settings.exclude
        return matches(excluded, schema, table) or any(fnmatchcase(file, each) for each in excluded)

    @property
    def summary(self) -> str:
        """The first line of what the judgement says of itself."""
        said = sys.modules[self.judgement.judge.__module__].__doc__ or ""
        return said.strip().partition("\n")[0]


@dataclass(frozen=True, slots=True)
class Panel:
    """Seats in the order of their issue types."""

    seats: tuple[Seat, ...]

    @classmethod
    def muster(cls, settings: Settings, select: Sequence[str] = (), ignore: Sequence[str] = ()) -> Self:
        """All judgements as settings and flags make them; a flag beats the settings. Raises InvalidRequest for a flag
        that names none."""
        selected, ignored = _flagged("--select", select), _flagged("--ignore", ignore)
        wanted = {name.upper(): each for name, each in settings.rule.items()}
        return cls(
            tuple(
                _seat(each, wanted.get(each.issue_type, RuleSettings()), settings, selected, ignored)
                for each in judgements()
            )
        )

    @property
    def judging(self) -> tuple[Seat, ...]:
        """Those that are made."""
        return tuple(each for each in self.seats if each.off is None)

    @property
    def types(self) -> frozenset[str]:
        """The issue types that are looked for."""
        return frozenset(each.judgement.issue_type for each in self.judging)

    def find(self, name: str) -> Seat | None:
        """The one of that name, `UNKNOWN_COLUMN` or `unknown_column`; None where that is none."""
        return next((each for each in self.seats if each.judgement.issue_type == name.upper()), None)

    def by_type(self) -> Mapping[str, Seat]:
        """Each under its issue type."""
        return {each.judgement.issue_type: each for each in self.seats}


def _seat(
    judgement: Judgement,
    wanted: RuleSettings,
    settings: Settings,
    selected: Collection[str],
    ignored: Collection[str],
) -> Seat:
    name = judgement.issue_type
    if name in ignored:
        return Seat(judgement, wanted, "left out by --ignore")
    if selected:
        return Seat(judgement, wanted, None if name in selected else "left out by --select")
    if not wanted.enabled:
        where = settings.source_of("rule")
        return Seat(judgement, wanted, f"switched off: rule.{name}.enabled = false (from {where})")
    return Seat(judgement, wanted)


def _flagged(flag: str, words: Sequence[str]) -> tuple[str, ...]:
    """The issue types that a flag names, several with commas between."""
    names = [name.strip() for word in words for name in word.split(",") if name.strip()]
    for name in names:
        if name.upper() not in code_types():
            meant = get_close_matches(name.upper(), code_types(), 1)
            hint = f"did you mean {meant[0]}?" if meant else f"there are {', '.join(code_types())}."
            raise InvalidRequest(f"{flag} {name}: no such issue type is found in code; {hint}")
    return tuple(dict.fromkeys(name.upper() for name in names))
