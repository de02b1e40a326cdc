"""What a difference means: which type of issue, how bad, in which words, and what brings back what should be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..issue import Severity
from ..literals import SHOWN, without_literals
from .difference import Aspect, Difference
from .portrait import ObjectKind

_MISSING: Final[Mapping[ObjectKind, str]] = {
    ObjectKind.TABLE: "MISSING_TABLE",
    ObjectKind.COLUMN: "MISSING_COLUMN",
    ObjectKind.CONSTRAINT: "MISSING_CONSTRAINT",
}
_CHANGED: Final[Mapping[Aspect, str]] = {
    "type": "CHANGED_TYPE",
    "nullability": "CHANGED_NULLABILITY",
    "default": "CHANGED_DEFAULT",
}
_CRITICAL: Final = frozenset({*_MISSING.values(), "CHANGED_TYPE", "CHANGED_NULLABILITY"})
UNEXPECTED: Final = "UNEXPECTED"
_LONGEST: Final = 300


def issue_type(difference: Difference) -> str:
    """The type of issue that tells it. No rule tells UNEXPECTED: what nobody declared is nobody's fault."""
    if difference.aspect == "unexpected":
        return UNEXPECTED
    if difference.aspect == "existence":
        return _MISSING.get(difference.name.kind, "MISSING_OBJECT")
    return _CHANGED.get(difference.aspect, "CHANGED_DEFINITION")


def severity(difference: Difference) -> Severity:
    """How bad it is in a critical table."""
    kind = issue_type(difference)
    if kind == UNEXPECTED:
        return Severity.LOW
    return Severity.CRITICAL if kind in _CRITICAL else Severity.MEDIUM


def states(difference: Difference) -> tuple[str, str]:
    """What is and what should be, a sentence each, without anybody's literals."""
    what, name = _noun(difference), difference.name
    match difference.aspect:
        case "existence":
            return f"The {what} is not there.", f"The {what}: {_short(difference.before)}."
        case "unexpected":
            return (
                f"The {what} is there: {_short(difference.after)}.",
                f"Nothing says that there is such a {_kind(name.kind)}.",
            )
        case "name":
            return f"The {what} is called {difference.after}.", f"It is called {difference.before}."
        case "nullability":
            return f"{name.name} is {difference.after}.", f"{name.name} is {difference.before}."
        case "comment":
            return f"The comment of the {what} is {_kept_back(difference.after)}.", (
                f"Its comment is {_kept_back(difference.before)}."
            )
        case aspect:
            label = aspect.replace("_", " ")
            return (
                f"The {label} of the {what} is {_short(difference.after)}.",
                f"Its {label} is {_short(difference.before)}.",
            )


def part(difference: Difference) -> str:
    """What tells issues of one type on one table apart."""
    label = f"{_kind(difference.name.kind)} {difference.name.name}"
    match issue_type(difference):
        case "MISSING_COLUMN" | "MISSING_CONSTRAINT":
            return difference.name.name
        case "MISSING_TABLE" | "CHANGED_TYPE" | "CHANGED_NULLABILITY" | "CHANGED_DEFAULT":
            return ""
        case "CHANGED_DEFINITION":
            return f"{label}: {difference.aspect.replace('_', ' ')}"
        case _:
            return label


def _noun(difference: Difference) -> str:
    name = difference.name
    of = f" of {name.schema}.{name.relation}" if name.relation else ""
    own = name.name if name.relation or not name.schema else f"{name.schema}.{name.name}"
    return f"{_kind(name.kind)} {own}{of}"


def _kind(kind: ObjectKind) -> str:
    return kind.value.replace("_", " ")


def untold(difference: Difference) -> str:
    """What `states` keeps back: it tells apart what is said in the same words. "" where the words say it all."""
    if difference.aspect in ("name", "nullability"):
        return ""
    sides = difference.before, difference.after
    told = difference.aspect != "comment" and all(without_literals(side) == side for side in sides)
    return "" if told else "\x1f".join(sides)


def _kept_back(comment: str) -> str:
    return SHOWN if comment else "none"


def _short(text: str) -> str:
    """One line of it, since a function may be long."""
    line = " ".join(without_literals(text).split()) or "none"
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
