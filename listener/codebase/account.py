"""What goes between the listener and the process that reads code: small values, pickled."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from ..issue import Issue
from ..relations.reading.reader import Piece
from ..settings import Settings
from ..statements.touched import Touched
from .queries import Spoken

HEADER: Final = struct.Struct("!Q")


def frame(message: object) -> bytes:
    """The message as it goes over a pipe: its length, and it."""
    content = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return HEADER.pack(len(content)) + content


@dataclass(frozen=True, slots=True)
class Begin:
    """What the process is started with: the database, and the code."""

    dsn: str
    root: Path
    settings: Settings


@dataclass(frozen=True, slots=True)
class Moved:
    """DDL was run: statements that have one of the `names` are to be judged again, or all of them. Each name leads to
    the event on it, where there is one."""

    names: Mapping[str, str | None] = field(default_factory=dict[str, "str | None"])
    everything: bool = False


class Asked(NamedTuple):
    """What does the code say of these relations?"""

    number: int
    touched: Touched


class Answered(NamedTuple):
    """What it says of those that were asked for under that number; None where the folder is gone."""

    number: int
    spoken: Spoken | None


class Figures(NamedTuple):
    """How much code there is, and what of it could not be read or judged."""

    root: str
    files: int = 0
    lines: int = 0
    statements: int = 0
    judged: int = 0
    dynamic: int = 0
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """What the code came to at one look. `issues` are new or other than before, `gone` the ids of those that are no
    more; where it is the `first` they are all that there are. `pieces` are statements that may compare columns,
    `silent` the identities of those that say nothing any more. Of files that are `unreadable` nobody can tell now."""

    figures: Figures
    issues: tuple[Issue, ...] = ()
    gone: frozenset[str] = frozenset()
    first: bool = False
    pieces: tuple[Piece, ...] = ()
    silent: frozenset[str] = frozenset()
    unreadable: frozenset[str] = frozenset()


def is_within(file: str, paths: frozenset[str]) -> bool:
    """Whether the file is one of these, or lies in a folder that is."""
    return bool(paths) and not paths.isdisjoint((".", file, *(str(each) for each in PurePosixPath(file).parents)))
