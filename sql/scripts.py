"""The `.sql` files of the package, in the order in which they are applied."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

# Functions first: triggers call them.
REPEATABLE = ("functions", "views", "triggers")


class Script(NamedTuple):
    """One file: its path below the root, and its text."""

    path: str
    text: str


class Migration(NamedTuple):
    """One folder of `migrations`: run once, as a whole, in the order of the files' names."""

    version: int
    name: str
    scripts: tuple[Script, ...]


def packaged() -> Traversable:
    """The root of the files that came with this version of pgmend."""
    return files(__package__ or "pgmend.sql")


def migrations(root: Traversable, after: int = 0) -> tuple[Migration, ...]:
    """The migrations with a number over `after`, in order; folders are named `0001_what`."""
    folders = sorted(
        (folder for folder in root.joinpath("migrations").iterdir() if folder.name[:4].isdigit()),
        key=lambda folder: folder.name,
    )
    return tuple(
        Migration(int(folder.name[:4]), folder.name, tuple(_scripts(folder, f"migrations/{folder.name}")))
        for folder in folders
        if int(folder.name[:4]) > after
    )


def latest_version(root: Traversable) -> int:
    """The number of the last migration."""
    return migrations(root)[-1].version


def repeatable(root: Traversable) -> tuple[Script, ...]:
    """What is applied at every install and upgrade."""
    return tuple(script for folder in REPEATABLE for script in _scripts(root.joinpath(folder), folder))


def event_triggers(root: Traversable) -> tuple[Script, ...]:
    """The event triggers, which take a right that many servers do not give."""
    return tuple(_scripts(root.joinpath("event_triggers"), "event_triggers"))


def _scripts(folder: Traversable, path: str) -> Iterator[Script]:
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".sql"):
            yield Script(f"{path}/{file.name}", file.read_text(encoding="utf-8"))
