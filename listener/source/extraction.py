"""Every SQL statement of a tree of Python files. Nothing is imported or executed."""

from __future__ import annotations

import os
import tokenize
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from typing import Final, NamedTuple

from ..garbage import uncollected
from .extracted import Extraction
from .facts import Module, Unreadable
from .folder import Tree, find_files, module_name, read_text
from .further import Worth, further
from .linking import Linker
from .module import read_module
from .named_queries import named_statements
from .namespace import Namespace
from .worth import worth_reading

_WORTH_PROCESSES: Final = 400_000
"""Bytes that one process reads alone in the time that others take to start."""


class _Batch(NamedTuple):
    modules: tuple[Module, ...]
    unreadable: tuple[Unreadable, ...]
    lines: int


def extract(root: Path, exclude: Sequence[str] = ()) -> Extraction:
    """The statements of the folder or file; raises InvalidRequest where there is none.

    A file that does not parse is told, and the rest goes on. Large trees are read by as many processes as there are
    processors.
    """
    tree = find_files(root, exclude)
    batches = _read(tree)
    files, broken = _sql_files(tree)
    batches = [*batches, *_read_further(tree, batches)]
    modules = [module for batch in batches for module in batch.modules]
    namespace = Namespace(modules, files)
    statements, dynamic = Linker(modules, namespace).link()
    named = named_statements(modules, files)
    unreadable = [each for batch in batches for each in batch.unreadable]
    return Extraction(
        tuple(sorted([*statements, *named], key=lambda each: (each.site, each.call))),
        dynamic,
        (*tree.unreadable, *unreadable, *broken),
        len(tree.python),
        sum(batch.lines for batch in batches),
    )


def _is_worth(path: str, content: bytes) -> bool:
    del path
    return worth_reading(content)


def _read(tree: Tree) -> Sequence[_Batch]:
    sizes = [(_size(tree.root / path), path) for path in tree.python]
    processes = min(os.cpu_count() or 1, 8)
    if processes == 1 or sum(size for size, _ in sizes) < _WORTH_PROCESSES:
        return [_read_batch(tree.root, tree.python)]
    # The largest first, each to whom has least.
    shares: list[list[str]] = [[] for _ in range(processes)]
    loads = [0] * processes
    for size, path in sorted(sizes, reverse=True):
        least = loads.index(min(loads))
        shares[least].append(path)
        loads[least] += size
    with ProcessPoolExecutor(processes - 1, mp_context=get_context("fork")) as pool:
        others = [pool.submit(_read_batch, tree.root, share) for share in shares[1:] if share]
        return [_read_batch(tree.root, shares[0]), *(each.result() for each in others)]


def _read_further(tree: Tree, batches: Sequence[_Batch]) -> list[_Batch]:
    """The files that name helpers of others, and those that name helpers of these."""
    modules = [module for batch in batches for module in batch.modules]
    left = set(tree.python) - {module.path for module in modules}
    left -= {each.path for batch in batches for each in batch.unreadable}
    found: list[_Batch] = []
    known: set[str] = set()
    while left and (worth := further(modules, known)) is not None:
        batch = _read_batch(tree.root, sorted(left), worth)
        found.append(batch._replace(lines=0))
        left -= {module.path for module in batch.modules}
        modules += batch.modules
    return found


def _size(path: Path) -> int:
    """The bytes of the file; 0 where it went meanwhile, which who reads it tells."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _read_batch(root: Path, paths: Sequence[str], worth: Worth = _is_worth) -> _Batch:
    modules: list[Module] = []
    unreadable: list[Unreadable] = []
    lines = 0
    with uncollected():
        for path in sorted(paths):
            try:
                content = read_text(root / path)
                lines += content.count(b"\n")
                if worth(path, content):
                    modules.append(read_module(path, module_name(path), _decoded(content)))
            except SyntaxError as error:
                unreadable.append(Unreadable(path, f"it does not parse: {error.msg}", error.lineno or 0))
            except (OSError, ValueError, LookupError, RecursionError, MemoryError) as error:
                # MemoryError is also what Python's parser says of what is nested too deeply.
                unreadable.append(Unreadable(path, f"it could not be read: {error or type(error).__name__}"))
    return _Batch(tuple(modules), tuple(unreadable), lines)


def _decoded(content: bytes) -> str:
    """The text by the encoding that the file declares; its line ends as Python's parser counts them."""
    encoding, _ = tokenize.detect_encoding(BytesIO(content).readline)
    return content.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")


def _sql_files(tree: Tree) -> tuple[dict[str, str], list[Unreadable]]:
    files: dict[str, str] = {}
    broken: list[Unreadable] = []
    for path in tree.sql:
        try:
            files[path] = read_text(tree.root / path).decode("utf-8-sig")
        except (OSError, ValueError) as error:
            broken.append(Unreadable(path, f"it could not be read: {error}"))
    return files, broken
