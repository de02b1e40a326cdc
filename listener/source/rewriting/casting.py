"""The casts of one statement that stand at columns and parameters, and the text without some of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, cast

from pglast import ast, parser

from ..parsed import span
from ..statement_tree import tree_of

_COMPARING: Final = frozenset({"=", "<>", "<", ">", "<=", ">="})
_PLACES: Final = frozenset(
    {"location", "rexpr_list_start", "rexpr_list_end", "stmt_location", "stmt_len", "list_start"}
)
_PARAMETER: Final = re.compile(r"\$\d+")
_COMMENT: Final = re.compile(r"--|/\*")


class Cut(NamedTuple):
    """Characters of a statement that go."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Cast:
    """A cast of a column (`parts`, which begin at `at`) or a parameter (`number`) to `type`. `cuts` are what makes it
    one. `beside` are the operands that it is compared with."""

    location: int
    type: str
    cuts: tuple[Cut, ...]
    at: int = -1
    number: int = 0
    beside: tuple[Any, ...] = ()


def nodes(node: Any) -> Iterator[Any]:
    """Every node of a tree, outermost first."""
    waiting: list[Any] = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, ast.Node):
            yield each
            waiting += [getattr(each, attribute) for attribute in cast("Any", each)]
        elif isinstance(each, tuple):
            waiting += cast("tuple[Any, ...]", each)


def casts(sql: str, tree: Any) -> tuple[Cast, ...]:
    """Those whose text is understood."""
    beside: dict[int, tuple[Any, ...]] = {}
    for each in nodes(tree):
        if isinstance(each, ast.A_Expr) and each.name and each.name[-1].sval in _COMPARING:
            left, right = _operands(each.lexpr), _operands(each.rexpr)
            for one, others in (*((one, right) for one in left), *((one, left) for one in right)):
                if isinstance(one, ast.TypeCast):
                    beside[one.location or 0] = others
    found: list[Cast] = []
    for each in nodes(tree):
        if isinstance(each, ast.TypeCast) and isinstance(each.arg, ast.ColumnRef | ast.ParamRef):
            cuts = _cuts(sql, each)
            if cuts and without(sql, tree, [(each.location or 0, cuts)]) is not None:
                number = each.arg.number or 0 if isinstance(each.arg, ast.ParamRef) else 0
                at = -1 if isinstance(each.arg, ast.ParamRef) else each.arg.location or 0
                others = beside.get(each.location or 0, ())
                found.append(Cast(each.location or 0, _type(each), cuts, at, number, others))
    return tuple(found)


def without(sql: str, tree: Any, gone: Sequence[tuple[int, tuple[Cut, ...]]]) -> str | None:
    """The text without the casts at those places; None where that is not the same statement but for them."""
    text = cut(sql, [each for _, cuts in gone for each in cuts])
    now = tree_of(text)
    if now is None or _skeleton(now, frozenset()) != _skeleton(tree, {location for location, _ in gone}):
        return None
    return text


def cut(sql: str, cuts: Collection[Cut]) -> str:
    """The text without those characters."""
    for each in sorted(cuts, reverse=True):
        sql = sql[: each.start] + sql[each.end :]
    return sql


def _operands(node: Any) -> tuple[Any, ...]:
    return cast("tuple[Any, ...]", node) if isinstance(node, tuple) else (node,)


def _type(node: ast.TypeCast) -> str:
    """The type by its own name; with brackets for an array."""
    named = cast("Any", node.typeName)
    name = named.names[-1].sval if named is not None and named.names else ""
    return f"{name}[]" if named is not None and named.arrayBounds else name


def _cuts(sql: str, node: ast.TypeCast) -> tuple[Cut, ...]:
    location = node.location or 0
    argument = cast("Any", node.arg)
    start = argument.location or 0
    match = _PARAMETER.match(sql, start)
    end = match.end() if isinstance(argument, ast.ParamRef) and match is not None else span(sql, start)[1]
    tokens = [each for each in cast("Any", parser.scan(sql)) if each.start >= location]
    if sql.startswith("::", location):
        begin = len(sql[:location].rstrip())
        behind = _type_end(sql, node, tokens[1:])
        cuts = (Cut(begin, behind),) if behind is not None else ()
    else:
        behind = _closing(tokens)
        cuts = (Cut(location, start), Cut(end, behind)) if behind is not None and start > location else ()
    return () if any(_COMMENT.search(sql, each.start, each.end) for each in cuts) else cuts


def _type_end(sql: str, node: ast.TypeCast, tokens: Sequence[Any]) -> int | None:
    """Where the type's name ends: at the last token with which it is that type."""
    wanted = _skeleton(node.typeName, frozenset())
    found: int | None = None
    for number, token in enumerate(tokens[:8]):
        if _is_type(sql[tokens[0].start : token.end + 1], wanted):
            found = token.end + 1
        elif found is not None and number:
            break
    return found


def _is_type(text: str, wanted: Any) -> bool:
    tree = tree_of(f"select null::{text} as x, 1")
    if not isinstance(tree, ast.SelectStmt) or not tree.targetList or len(tree.targetList) != 2:
        return False
    value = tree.targetList[0].val
    return isinstance(value, ast.TypeCast) and _skeleton(value.typeName, frozenset()) == wanted


def _closing(tokens: Sequence[Any]) -> int | None:
    """Behind the parenthesis that closes `cast(`."""
    depth = 0
    for token in tokens:
        depth += {"ASCII_40": 1, "ASCII_41": -1}.get(token.name, 0)
        if token.name == "ASCII_41" and depth == 0:
            return token.end + 1
    return None


def _skeleton(node: Any, gone: Collection[int]) -> Any:
    """What a tree says, without places and without the casts at those."""
    if isinstance(node, ast.TypeCast) and node.location in gone:
        return _skeleton(node.arg, gone)
    if isinstance(node, ast.Node):
        fields = [each for each in cast("Any", node) if each not in _PLACES]
        return type(node).__name__, tuple((each, _skeleton(getattr(node, each), gone)) for each in fields)
    if isinstance(node, tuple):
        return tuple(_skeleton(each, gone) for each in cast("tuple[Any, ...]", node))
    return node
