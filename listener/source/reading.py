"""The facts of each file of a tree: kept where its content is known, else read, by as many processes as pay."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Generator, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from multiprocessing import get_context
from pathlib import Path
from typing import Final, NamedTuple

from ..garbage import uncollected
from .facts import Module, Reading, Unreadable
from .folder import Tree, decoded, module_name, read_text
from .further import further
from .mappers import mapper_in
from .module import read_module
from .pool import be_a_reader
from .shelf import Lines, Shelf
from .transcript import recall, transcribe
from .worth import worth_reading

_WORTH_PROCESSES: Final = 400_000
"""Bytes that one process reads alone in the time that others take to start by a fork; to start anew takes longer."""
_WORTH_NEW_PROCESSES: Final = 4 * _WORTH_PROCESSES
_WORTH_KEEPING: Final = 200_000
_MOST_PROCESSES: Final = 8
_FORKS: Final = sys.platform == "linux"
_SAFE_PATH: Final = "PYTHONSAFEPATH"


class _File(NamedTuple):
    """A file, and under which digest its facts are kept; `forced`: worth reading whatever it holds."""

    path: str
    content: bytes
    digest: bytes
    forced: bool = False


class Reader:
    """Reads trees again and again: of the last one it knows the facts by content, beside what the shelf keeps of large
    ones."""

    def __init__(self, shelf: Shelf | None = None) -> None:
        self._shelf = shelf
        self._known: dict[bytes, Reading] = {}

    @uncollected()
    def read(self, tree: Tree) -> list[Reading]:
        """What each Python file of the tree comes to, in its order. A file that does not parse is told, and the rest
        goes on. Files without SQL are read where they name helpers of others, or helpers of these."""
        files: dict[str, _File] = {}
        found: dict[str, Reading] = {}
        for path in tree.python:
            try:
                content = read_text(tree.root / path)
            except (OSError, ValueError) as error:
                found[path] = Reading(0, unreadable=_unreadable(path, error))
            else:
                files[path] = _File(path, content, _digest(path, content))
        shelf = self._shelf if sum(len(each.content) for each in files.values()) >= _WORTH_KEEPING else None
        last = _Last(self._known, tree.root, shelf)
        found |= last.readings(files.values())
        names: set[str] = set()
        left = {path for path, each in found.items() if each.module is None and each.unreadable is None}
        while left and (worth := further(_modules(found, tree), names)) is not None:
            named = [files[path] for path in sorted(left) if worth(path, files[path].content)]
            if not named:
                break
            found |= last.readings([each._replace(digest=b"+" + each.digest, forced=True) for each in named])
            left -= {each.path for each in named}
        last.keep()
        self._known = last.now
        return [found[path] for path in tree.python]


class _Last:
    """What is known of a tree from before, in memory or on the shelf, and `now`, under the digests of files."""

    def __init__(self, known: dict[bytes, Reading], tree: Path, shelf: Shelf | None) -> None:
        self.now: dict[bytes, Reading] = {}
        self._known = known
        self._tree = tree
        self._shelf = shelf
        self._lines: dict[bytes, bytes] | None = None

    def readings(self, files: Iterable[_File]) -> dict[str, Reading]:
        """What they come to, by their paths: known, kept, or read."""
        found: dict[str, Reading] = {}
        new: list[_File] = []
        for file in files:
            known = self._known.get(file.digest) or self._recalled(file.digest)
            if known is None:
                new.append(file)
            else:
                found[file.path] = self.now[file.digest] = known
        for file, reading in zip(new, _read_all(new), strict=True):
            found[file.path] = self.now[file.digest] = reading
        return found

    def keep(self) -> None:
        """Have the shelf hold what is known now, if that is another than before."""
        if self._shelf is None or self._lines is None:
            return
        lines = _lines(self.now, self._lines)
        if lines != self._lines:
            self._shelf.put(self._tree, lines)

    def _recalled(self, digest: bytes) -> Reading | None:
        """The facts that the shelf has; None where it has none, or what this version did not write."""
        if self._shelf is None:
            return None
        if self._lines is None:
            self._lines = dict(self._shelf.take(self._tree))
        line = self._lines.get(digest)
        if line is None:
            return None
        try:
            return recall(line)
        except ValueError:
            del self._lines[digest]
            return None


def _modules(found: Mapping[str, Reading], tree: Tree) -> list[Module]:
    return [module for path in tree.python if (module := found[path].module) is not None]


def _digest(path: str, content: bytes) -> bytes:
    return blake2b(os.fsencode(path) + b"\0" + content, digest_size=16).hexdigest().encode()


def _lines(known: dict[bytes, Reading], before: Lines) -> Lines:
    """What to keep: of files that were worth reading the facts."""
    lines: dict[bytes, bytes] = {}
    for digest, reading in known.items():
        if digest in before:
            lines[digest] = before[digest]
        elif reading.module is not None:
            try:
                lines[digest] = transcribe(reading)
            except RecursionError:
                continue  # as deep as this it is read again
    return lines


def _read_all(files: Sequence[_File]) -> list[Reading]:
    """The readings in the order of the files."""
    # A fork takes along the locks that other threads hold, for good.
    forks = _FORKS and threading.active_count() == 1
    size = sum(len(each.content) for each in files)
    processes = min(os.cpu_count() or 1, _MOST_PROCESSES)
    if processes == 1 or size < (_WORTH_PROCESSES if forks else _WORTH_NEW_PROCESSES):
        return _read_batch(files)
    shares = _shares(files, processes)
    context = get_context("fork" if forks else "spawn")
    with ExitStack() as stack:
        with _nothing_of_this_folder():
            pool = ProcessPoolExecutor(processes - 1, context, be_a_reader, (os.getpid(),))
            stack.enter_context(pool)
            others = [pool.submit(_read_batch, [files[place] for place in share]) for share in shares[1:]]
        batches = [_read_batch([files[place] for place in shares[0]]), *(each.result() for each in others)]
    by_place = {
        place: reading
        for share, batch in zip(shares, batches, strict=True)
        for place, reading in zip(share, batch, strict=True)
    }
    return [by_place[place] for place in range(len(files))]


@contextmanager
def _nothing_of_this_folder() -> Generator[None]:
    """Processes that are started within import nothing from the current folder, which a new interpreter would look
    into before the standard library. Not for longer: who else starts a program may want it to."""
    before = os.environ.get(_SAFE_PATH)
    os.environ[_SAFE_PATH] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_SAFE_PATH]
        else:
            os.environ[_SAFE_PATH] = before


def _shares(files: Sequence[_File], number: int) -> list[list[int]]:
    """The largest first, each to whom has least."""
    shares: list[list[int]] = [[] for _ in range(number)]
    loads = [0] * number
    for place in sorted(range(len(files)), key=lambda each: -len(files[each].content)):
        least = loads.index(min(loads))
        shares[least].append(place)
        loads[least] += len(files[place].content)
    return shares


def _read_batch(files: Sequence[_File]) -> list[Reading]:
    with uncollected():
        return [_read(each) for each in files]


def _read(file: _File) -> Reading:
    lines, mapper = file.content.count(b"\n"), mapper_in(file.content)
    try:
        if not file.forced and not worth_reading(file.content):
            return Reading(lines, mapper=mapper)
        return Reading(lines, read_module(file.path, module_name(file.path), decoded(file.content)), mapper=mapper)
    except (SyntaxError, ValueError, LookupError, RecursionError, MemoryError) as error:
        return Reading(lines, unreadable=_unreadable(file.path, error))


def _unreadable(path: str, error: Exception) -> Unreadable:
    if isinstance(error, SyntaxError):
        return Unreadable(path, f"it does not parse: {error.msg}", error.lineno or 0)
    # MemoryError is also what Python's parser says of what is nested too deeply.
    return Unreadable(path, f"it could not be read: {error or type(error).__name__}")
