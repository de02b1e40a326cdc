"""Lists of options as portraits hold them: `fillfactor=70, autovacuum_enabled=false`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pglast.enums import AlterTableType

from ..dependents.definition import literal
from .place import quote


def options_of(text: str | None) -> dict[str, str]:
    """Names and values, in their order."""
    parts = (part.partition("=") for part in (text or "").split(", ") if part)
    return {name: value for name, _, value in parts}


def options_turned(old: str | None, new: str | None) -> Iterator[str]:
    """RESET and SET from one list to another; all of it anew, so that the order is the new one's, too."""
    had, has = options_of(old), options_of(new)
    if had:
        yield f"reset ({', '.join(map(quote, had))})"
    if has:
        yield f"set ({', '.join(f'{quote(name)} = {literal(value)}' for name, value in has.items())})"


def storage_turned(alter: Callable[[str, AlterTableType], str], old: str | None, new: str | None) -> Iterator[str]:
    """The statements that turn the `with (…)` options of a table, an index or a view, as `alter` composes them."""
    for action in options_turned(old, new):
        is_set = action.startswith("set")
        yield alter(action, AlterTableType.AT_SetRelOptions if is_set else AlterTableType.AT_ResetRelOptions)
