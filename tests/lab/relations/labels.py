"""What a person said of columns of real schemas: which mean a key, which only look so, and where nobody can tell."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent


class Verdict(StrEnum):
    """TRUE: the columns mean the key. FALSE: they look as if they meant one, and do not. AMBIGUOUS: sometimes, or
    one of several keys; whatever is made of them alone would be a guess."""

    TRUE = "true"
    FALSE = "false"
    AMBIGUOUS = "ambiguous"


class Half(StrEnum):
    """Which schemas the weights may be chosen from, and which are only scored, by `python -m tests.bench`.

    What was held back once and has been looked into since is open: it is no test of what was learned after that.
    """

    OPEN = "open"
    HELD_BACK = "held_back"


@dataclass(frozen=True, slots=True)
class Label:
    """The verdict on `table(column, …)`. `key` is what is meant, or what a false one may be taken for.

    Where `zero_for_none` is true, the application writes 0 where nothing is meant.
    """

    verdict: Verdict
    columns: str
    key: str | None
    reason: str
    zero_for_none: bool = False


@dataclass(frozen=True, slots=True)
class LabelledSchema:
    """All labels of one schema."""

    name: str
    half: Half
    labels: tuple[Label, ...]


def labelled_schemas() -> tuple[LabelledSchema, ...]:
    """Every schema that has labels, by name."""
    return tuple(_read(path) for path in sorted(_FOLDER.glob("*.toml")))


def _read(path: Path) -> LabelledSchema:
    document = tomllib.loads(path.read_text())
    labels = tuple(label for entry in document["relation"] for label in _labels(entry))
    return LabelledSchema(path.stem, Half(document["half"]), labels)


def _labels(entry: dict[str, Any]) -> Iterator[Label]:
    verdict, key, reason = Verdict(entry["label"]), entry.get("key"), str(entry["reason"]).strip()
    if not reason or (verdict is Verdict.TRUE and not key):
        raise ValueError(f"a label without a reason or a key: {entry}")
    for columns in entry["columns"]:
        yield Label(verdict, columns, key, reason, bool(entry.get("zero_for_none", False)))
