"""Whether two definitions say the same: as stored, as written, or as parsed."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pglast

from ..catalog.reread import read_anew
from .portrait import ObjectKind, Portrayed


def same_definition(expected: Portrayed, found: Portrayed, *, known: bool) -> bool:
    """Whether the statements make the same thing. `known` says that stored trees are of this very database."""
    if known and same_tree(expected.tree, found.tree):
        return True
    if expected.definition == found.definition:
        return True
    if expected.name.kind is ObjectKind.CONSTRAINT:
        return same_text(f"alter table x add {expected.definition}", f"alter table x add {found.definition}")
    return same_text(expected.definition, found.definition)


def alike(expected: Portrayed, found: Portrayed) -> bool:
    """Whether two parts of one relation, both of this very database, are the same thing but for what it is called."""
    if same_tree(expected.tree, found.tree):
        return True
    return _nameless(expected) == _nameless(found) != ""


def _nameless(each: Portrayed) -> str:
    """What is written of it but for its name: of a constraint all is, of an index what stands before and after."""
    match each.name.kind:
        case ObjectKind.CONSTRAINT:
            return each.definition
        case ObjectKind.INDEX:
            quoted = '"' + each.name.name.replace('"', '""') + '"'
            for name in (quoted, each.name.name):
                before, between, after = each.definition.partition(f" {name} ON ")
                if between:
                    return f"{before} ON {after}"
            return ""
        case _:
            return ""


def same_tree(expected: str | None, found: str | None) -> bool:
    """Whether the same expressions are stored, whatever columns and objects are called."""
    return expected is not None and expected == found


def same_expression(expected: str, found: str) -> bool:
    """Whether two expressions are the same but for blanks and brackets."""
    return expected == found or same_text(f"select {expected}", f"select {found}")


def same_text(expected: str, found: str) -> bool:
    """Whether two statements parse to the same."""
    parsed = _parsed(expected)
    return parsed is not None and parsed == _parsed(found)


@lru_cache(maxsize=256)
def _parsed(text: str) -> Any:
    """Nodes are equal wherever in the text they stand; None for what this grammar does not know."""
    try:
        return pglast.parse_sql(read_anew(text))
    except pglast.Error:
        return None
