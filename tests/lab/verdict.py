"""What a person said of each issue found on a real schema, and where findings and verdicts part."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pgmend.listener.issue import Issue, Severity

_FOLDER = Path(__file__).with_name("verdicts")


class Opinion(StrEnum):
    """Whether the issue is right: true, false, or right but meant to be so by the schema's authors."""

    TRUE = "true"
    FALSE = "false"
    INTENDED = "intended"


@dataclass(frozen=True, slots=True)
class Place:
    """What an issue is about, by names; `column` and `object_name` are empty where the issue has none."""

    issue_type: str
    table: str
    column: str
    object_name: str

    @classmethod
    def of(cls, issue: Issue) -> Place:
        return cls(issue.issue_type, issue.table, issue.column, issue.object_name)

    def __str__(self) -> str:
        return " ".join(part for part in (self.issue_type, self.table, self.column, self.object_name) if part)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The opinion on one issue, with a reason that a reader can check against the schema."""

    place: Place
    opinion: Opinion
    reason: str


def verdicts_on(name: str, *, with_additions: bool = False) -> tuple[Verdict, ...]:
    """All verdicts on one schema, as shipped or with what breaks.py adds to it.

    An entry's `table` may be a list of tables for which the same is true.
    """
    document = tomllib.loads((_FOLDER / f"{name}.toml").read_text())
    entries = document.get("verdict", []) + (document.get("verdict_with_additions", []) if with_additions else [])
    return tuple(verdict for entry in entries for verdict in _verdicts(entry))


def objections(issues: Iterable[Issue], verdicts: Iterable[Verdict]) -> list[str]:
    """Why findings and verdicts do not agree: nothing when they do.

    Low issues need no verdict. No critical issue may be false.
    """
    found = {Place.of(issue): issue.severity for issue in issues if issue.severity is not Severity.LOW}
    said = {verdict.place: verdict.opinion for verdict in verdicts}
    without = [f"no verdict on: {place}" for place in found if place not in said]
    beside = [f"a verdict on what was not found: {place}" for place in said if place not in found]
    false = [
        f"critical and false: {place}"
        for place, severity in found.items()
        if severity is Severity.CRITICAL and said.get(place) is Opinion.FALSE
    ]
    return sorted(without) + sorted(beside) + sorted(false)


def _verdicts(entry: dict[str, str | list[str]]) -> Iterable[Verdict]:
    tables = entry["table"]
    for table in [tables] if isinstance(tables, str) else tables:
        place = Place(str(entry["issue_type"]), table, str(entry.get("column", "")), str(entry.get("object_name", "")))
        reason = str(entry["reason"]).strip()
        if not reason:
            raise ValueError(f"a verdict without a reason: {place}")
        yield Verdict(place, Opinion(str(entry["verdict"])), reason)
