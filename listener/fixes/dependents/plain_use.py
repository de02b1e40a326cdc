"""Whether an expression only shows, compares, orders or groups a column: then an equal value of another type will do.

Where two types write one value differently (`true` and 1, a date and its midnight), a cast to a third type or a
function may tell them apart, though the words stay the same.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, cast

import pglast
from pglast import ast
from pglast.visitors import Visitor

_COMPARISONS = frozenset({"=", "<>", "<", ">", "<=", ">="})


def is_used_plainly(query: str, names: Collection[str]) -> bool:
    """Whether every mention of a column of those names is such a use; False for what does not parse."""
    try:
        statements = pglast.parse_sql(query)
    except pglast.Error:
        return False
    uses = _Uses(names)
    for each in statements:
        uses(cast("Any", each.stmt))
    return uses.plain


class _Uses(Visitor):
    """Looks at the parents of column references."""

    def __init__(self, names: Collection[str]) -> None:
        super().__init__()
        self._names = frozenset(names)
        self.plain = True

    def visit_ColumnRef(self, ancestors: Any, node: ast.ColumnRef) -> None:  # noqa: N802 - pglast finds it by this name
        last = (node.fields or (None,))[-1]
        if not isinstance(last, ast.String) or last.sval not in self._names:
            return
        parent = ancestors.node
        while isinstance(parent, tuple):
            ancestors = ancestors.parent
            parent = ancestors.node
        self.plain = self.plain and _is_plain(parent)


def _is_plain(parent: object) -> bool:
    if isinstance(parent, ast.A_Expr):
        operator = cast("tuple[ast.String, ...]", parent.name or ())
        return operator[-1].sval in _COMPARISONS
    return isinstance(parent, ast.ResTarget | ast.NullTest | ast.SortBy | ast.SelectStmt | ast.WindowDef)
