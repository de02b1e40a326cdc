"""The files of a tree that are read: what `.gitignore` and patterns exclude is left out, links are not followed."""

from __future__ import annotations

import os
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Final, NamedTuple

from pathspec import GitIgnoreSpec

from ..errors import InvalidRequest
from .facts import Unreadable

# What no application keeps its own code in.
_NEVER: Final = frozenset(
    {
        *(".git", ".hg", ".svn", "__pycache__", ".venv", "venv", ".tox", ".nox", "node_modules", "site-packages"),
        *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".eggs"),
    }
)
_PYTHON: Final = frozenset({".py", ".pyi", ".pyw"})
_FIRST_LINE: Final = 256
_MOST_BYTES: Final = 5_000_000


class Tree(NamedTuple):
    """Paths relative to the root, with slashes, in order. `folders` are those that were looked into, "" the root."""

    root: Path
    python: tuple[str, ...]
    sql: tuple[str, ...]
    unreadable: tuple[Unreadable, ...] = ()
    folders: tuple[str, ...] = ()


def find_files(root: Path, exclude: Sequence[str] = ()) -> Tree:
    """All `.py` and `.sql` files below the folder, or the one file; raises InvalidRequest where there is none."""
    if root.is_file():
        return Tree(root.parent, (root.name,), (), folders=("",))
    if not root.is_dir():
        raise InvalidRequest(f"{str(root)!r} is no folder and no file; name the one that your code is in.")
    unreadable: list[Unreadable] = []
    folders: list[str] = []
    found = sorted(_below(root, "", (_spec(exclude),), ("",), unreadable, folders=folders))
    return Tree(
        root,
        tuple(path for path in found if path.endswith(".py")),
        tuple(path for path in found if path.endswith(".sql")),
        tuple(unreadable),
        tuple(folders),
    )


def read_text(path: Path) -> bytes:
    """The bytes of a file; raises OSError, and ValueError for one that nobody wrote by hand."""
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError(f"it has more than {_MOST_BYTES:,} bytes")
    return path.read_bytes()


def is_python(path: Path) -> bool:
    """Whether the file is Python by its name, or by its first line."""
    if path.suffix in _PYTHON:
        return True
    with path.open("rb") as file:
        first = file.readline(_FIRST_LINE)
    return first.startswith(b"#!") and b"python" in first


def decoded(content: bytes) -> str:
    """The text by the encoding that the file declares; its line ends as Python's parser counts them."""
    encoding, _ = tokenize.detect_encoding(BytesIO(content).readline)
    return content.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")


def module_name(path: str) -> str:
    """The dotted name of a file, from the tree's root on."""
    parts = path.removesuffix(".py").split("/")
    if parts[-1] == "__init__":
        parts.pop()
    if parts and parts[0] == "src":
        parts = parts[1:]
    return ".".join(parts)


def _spec(lines: Iterable[str]) -> GitIgnoreSpec:
    """The patterns, without those that are none: Git ignores them, too."""
    kept: list[str] = []
    for line in lines:
        try:
            GitIgnoreSpec.from_lines([line])
        except ValueError:
            continue
        kept.append(line)
    return GitIgnoreSpec.from_lines(kept)


def _below(
    root: Path,
    folder: str,
    specs: tuple[GitIgnoreSpec, ...],
    bases: tuple[str, ...],
    unreadable: list[Unreadable],
    *,
    folders: list[str],
) -> Iterator[str]:
    try:
        with os.scandir(root / folder) as entries:
            listed = sorted(entries, key=lambda each: each.name)
        if any(each.name == ".gitignore" and each.is_file(follow_symlinks=False) for each in listed):
            text = (root / folder / ".gitignore").read_text(encoding="utf-8", errors="replace")
            specs, bases = (*specs, _spec(text.splitlines())), (*bases, folder)
    except OSError as error:
        unreadable.append(Unreadable(folder or ".", f"it could not be read: {error.strerror}"))
        return
    folders.append(folder)
    for entry in listed:
        path = f"{folder}/{entry.name}" if folder else entry.name
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in _NEVER and not _excluded(path + "/", specs, bases):
                yield from _below(root, path, specs, bases, unreadable, folders=folders)
        elif (
            entry.name.endswith((".py", ".sql"))
            and entry.is_file(follow_symlinks=False)
            and not _excluded(path, specs, bases)
        ):
            yield path


def _excluded(path: str, specs: Sequence[GitIgnoreSpec], bases: Sequence[str]) -> bool:
    """Whether the nearest file that says something of the path excludes it."""
    verdict = False
    for spec, base in zip(specs, bases, strict=True):
        result = spec.check_file(path[len(base) + 1 :] if base else path)
        if result.include is not None:
            verdict = result.include
    return verdict
