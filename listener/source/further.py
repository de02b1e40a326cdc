"""Files that hold no SQL themselves, and name what others make of it: helpers that they call, or hand on by import."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from .drivers import sinks_named
from .facts import Module
from .folder import module_name
from .linking import Linker
from .namespace import Namespace

_SHORTEST: Final = 4
# Too many other things are called so.
_COMMON: Final = frozenset(
    {
        *("main", "init", "list", "find", "load", "save", "send", "start", "stop", "open", "close", "query", "write"),
        *("read", "call", "process", "handle", "store", "table", "name", "update", "delete", "create", "remove"),
    }
)

Worth = Callable[[str, bytes], bool]


def further(modules: Sequence[Module], known: set[str]) -> Worth | None:
    """Whether a file, by its path and content, is worth reading for what these modules have; None where none is.

    Adds to the names that are `known` from earlier rounds.
    """
    names = Namespace(modules, {})
    helpers = {each for each in Linker(modules, names).helpers() if _is_telling(each)}
    fresh = (helpers | names.missing) - known
    if not fresh:
        return None
    known |= fresh
    words = b"|".join(re.escape(each.encode()) for each in sorted(fresh & helpers))
    naming = re.compile(rb"\b(?:" + words + rb")\b\s*[(,)\n]") if words else None
    imported = {head for each in fresh & names.missing for head in _heads(each)}
    return lambda path, content: (
        module_name(path) in imported or (naming is not None and naming.search(content) is not None)
    )


def _is_telling(name: str) -> bool:
    """Whether a file that has the name most likely means the helper; a driver's own make it worth reading anyway."""
    return len(name) >= _SHORTEST and name not in _COMMON and name not in sinks_named()


def _heads(dotted: str) -> set[str]:
    """The modules that a dotted name may be in, by all the names that a tree may have for them."""
    parts = dotted.split(".")[:-1]
    return {".".join(parts[start:]) for start in range(len(parts))}
