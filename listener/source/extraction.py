"""Every SQL statement of a tree of Python files. Nothing is imported or executed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .extracted import Extraction, Mapper
from .facts import Unreadable
from .folder import Tree, find_files, read_text
from .linking import Linker
from .named_queries import named_statements
from .namespace import Namespace
from .reading import Reader


def extract(root: Path, exclude: Sequence[str] = (), reader: Reader | None = None) -> Extraction:
    """The statements of the folder or file; raises InvalidRequest where there is none.

    A file that does not parse is told, and the rest goes on. A `reader` that read the tree before knows what did not
    change.
    """
    tree = find_files(root, exclude)
    readings = (reader or Reader()).read(tree)
    files, broken = _sql_files(tree)
    modules = [each.module for each in readings if each.module is not None]
    namespace = Namespace(modules, files)
    statements, dynamic = Linker(modules, namespace).link()
    named = named_statements(modules, files)
    unreadable = [each.unreadable for each in readings if each.unreadable is not None]
    return Extraction(
        tuple(sorted([*statements, *named], key=lambda each: (each.site, each.call))),
        dynamic,
        (*tree.unreadable, *unreadable, *broken),
        len(tree.python),
        sum(each.lines for each in readings),
        frozenset((*tree.python, *tree.sql)) - {each.path for each in (*unreadable, *broken)},
        next(
            (Mapper(path, *each.mapper) for path, each in zip(tree.python, readings, strict=True) if each.mapper), None
        ),
    )


def _sql_files(tree: Tree) -> tuple[dict[str, str], list[Unreadable]]:
    files: dict[str, str] = {}
    broken: list[Unreadable] = []
    for path in tree.sql:
        try:
            files[path] = read_text(tree.root / path).decode("utf-8-sig")
        except (OSError, ValueError) as error:
            broken.append(Unreadable(path, f"it could not be read: {error}"))
    return files, broken
