"""A statement's tree, as PostgreSQL's own grammar has it."""

from __future__ import annotations

from typing import Any, cast

import pglast

from ..nesting import NestedTooDeeply, require_shallow


def tree_of(sql: str) -> Any | None:
    """The one statement's tree; None where it does not parse, is nested beyond all measure, or is not one."""
    try:
        require_shallow(sql)
        statements = cast("tuple[Any, ...]", pglast.parse_sql(sql))
    except (pglast.Error, NestedTooDeeply, RecursionError):
        return None
    return statements[0].stmt if len(statements) == 1 else None
