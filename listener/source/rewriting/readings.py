"""What is to be written where code reads a column that gets another type."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from ..extracted import Site
from .certainty import Certainty
from .conversion import conversion_of, removed, wrapped
from .rows import Result
from .syntax import Syntax
from .type_change import PYTHON, family
from .values import CodeChange, Order, Stays


@dataclass(frozen=True, slots=True)
class Readings:
    """Decides of one file. `certain` is what is sure afterwards."""

    syntax: Syntax
    certain: Certainty

    def change(self, node: ast.Subscript, results: Sequence[Result]) -> CodeChange | None:
        """What becomes of a place that reads the column; None where it is right as it is. Raises Stays."""
        before, after = results[0].before, results[0].after
        if any((each.before, each.after) != (before, after) for each in results):
            raise Stays("it may be of several queries")
        was, will = PYTHON.get(family(before)), PYTHON.get(family(after))
        if was is None or will is None:
            raise Stays(f"it is of type {after} afterwards, and of {before} before")
        never_null = all(each.never_null for each in results)
        parent = self.syntax.parents[node]
        match parent:
            case ast.FormattedValue(conversion=-1, format_spec=None):
                return None
            case ast.Call() if (found := conversion_of(self.syntax, parent)) is not None and found.inner is node:
                if found.function == "str" and will != "str":
                    return None
                if found.function == will and found.function != "UUID" and never_null:
                    why = f"the query returns {after} for it"
                    edits = tuple(removed(self.syntax, found, why))
                    return CodeChange(self._site(parent), edits, Order.SCHEMA_FIRST, why)
                if found.function in (will, "int") and will != "UUID":
                    return None
                if found.function == will == "UUID":
                    return self._wrapped(node, "str", f"the query returns {after} for it, which `UUID` does not take")
            case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[right]):
                return self._compared(node, right if node is left else left, (was, will), never_null=never_null)
            case _:
                pass
        raise Stays(f"it reads a column that is {after} afterwards: {self.syntax.source(node)} is then of type {will}")

    def _compared(
        self, node: ast.Subscript, other: ast.expr, types: tuple[str, str], *, never_null: bool
    ) -> CodeChange | None:
        was, will = types
        known = self.certain.of(other)
        if known is not None and known.type == will:
            return None
        if known is None or known.type != was:
            raise Stays(f"it is compared with {self.syntax.source(other)}, of which the type is not known")
        says_none = not isinstance(other, ast.Constant) or other.value == "None"
        if was == "str" and (never_null or not says_none):
            return self._wrapped(node, "str", f"it is compared with a str, and is then of type {will}")
        if was == "int" and never_null:
            return self._wrapped(node, "int", f"it is compared with an int, and is then of type {will}")
        raise Stays("it is compared with what has the old type, and may be NULL")

    def _wrapped(self, node: ast.Subscript, function: str, why: str) -> CodeChange:
        if not self.syntax.is_builtin(node, function):
            raise Stays(f"`{function}` means something else there")
        edit = wrapped(self.syntax, node, function + "({})", why)
        return CodeChange(self._site(node), (edit,), Order.CODE_FIRST, why)

    def _site(self, node: ast.expr) -> Site:
        return Site(self.syntax.file.path, *self.syntax.line(node))
