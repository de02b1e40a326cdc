"""A conversion as code writes it (`str(x)`, `int(x)`, `UUID(x)`, `f"{x}"`): taken away, or made another."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from ..forms.form import dotted
from .edit import Edit
from .syntax import Syntax

_COMMENT: Final = re.compile(r"#[^\r\n]*")
_ATOMS: Final = (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.Constant)
_FORMATTED: Final = re.compile(r"[fF](\"\"\"|'''|\"|')\{\s*(\w+)\s*\}\1")
_OPENING: Final = re.compile(r"\s*\(")
_WORDY: Final = re.compile(r"[\w\"']")


class Conversion(NamedTuple):
    """`function` is `str`, `int` or `UUID`; `inner` what it converts. `formatted` is an f-string that does as much,
    `own` a function of the tree."""

    function: str
    node: ast.expr
    inner: ast.expr
    formatted: bool = False
    own: bool = False


Own = Callable[[ast.Call], str | None]
"""What a function of the tree converts to, where it does nothing else."""


def conversion_of(  # noqa: PLR0911 - one case for each way to write one
    syntax: Syntax, node: ast.expr, own: Own = lambda _: None
) -> Conversion | None:
    """The conversion that the expression is; None where it is none for sure."""
    match node:
        case ast.Call(func=function, args=[inner], keywords=[]) if not isinstance(
            inner, ast.Starred | ast.GeneratorExp
        ):
            if _OPENING.match(syntax.file.text, syntax.span(function)[1]) is None:
                return None
            name = dotted(function)
            if name in ("str", "int") and syntax.is_builtin(node, name):
                return Conversion(name, node, inner)
            if name is not None and syntax.imported(node, name) == "uuid.UUID":
                return Conversion("UUID", node, inner)
            if (to := own(node)) is not None:
                return Conversion(to, node, inner, own=True)
            return None
        case ast.JoinedStr(
            values=[ast.FormattedValue(value=ast.Name(id=name) as inner, conversion=-1, format_spec=None)]
        ):
            match = _FORMATTED.fullmatch(syntax.source(node))
            return Conversion("str", node, inner, formatted=True) if match is not None and match[2] == name else None
        case _:
            return None


def removed(syntax: Syntax, found: Conversion, why: str) -> Iterator[Edit]:
    """The value alone. Comments within stay, and so do parentheses where they may mean something."""
    text, path = syntax.file.text, syntax.file.path
    start, end = syntax.span(found.node)
    if found.formatted:
        assert isinstance(found.inner, ast.Name)
        yield Edit(path, start, end, found.inner.id, why)
        return
    opening = _opening(syntax, found)
    inner, behind = syntax.span(found.inner)
    head, tail = text[opening + 1 : inner], text[behind : end - 1]
    plain = head.strip() == "" and tail.strip() in ("", ",") and "\n" not in head + tail and "\r" not in head + tail
    source = text[inner:behind]
    plain = plain and isinstance(found.inner, _ATOMS) and "\n" not in source and "\r" not in source
    if plain and _WORDY.match(text, end) is None:
        yield Edit(path, start, end, source, why)
        return
    yield Edit(path, start, opening, "", why)
    comma = _comma(tail)
    if comma is not None:
        yield Edit(path, behind + comma, behind + comma + 1, "", why)


def replaced(syntax: Syntax, found: Conversion, function: str, why: str) -> Iterator[Edit]:
    """The same value converted by another function."""
    start, end = syntax.span(found.node)
    if found.formatted:
        assert isinstance(found.inner, ast.Name)
        yield Edit(syntax.file.path, start, end, f"{function}({found.inner.id})", why)
        return
    yield Edit(syntax.file.path, start, syntax.span(_function(found))[1], function, why)


def wrapped(syntax: Syntax, node: ast.expr, form: str, why: str) -> Edit:
    """The expression within another one; `form` has `{}` in its place."""
    start, end = syntax.span(node)
    return Edit(syntax.file.path, start, end, form.format(syntax.file.text[start:end]), why)


def _function(found: Conversion) -> ast.expr:
    assert isinstance(found.node, ast.Call)
    return found.node.func


def _opening(syntax: Syntax, found: Conversion) -> int:
    """Where the parenthesis is that opens the arguments: nothing but blanks can stand before it."""
    return syntax.file.text.index("(", syntax.span(_function(found))[1])


def _comma(tail: str) -> int | None:
    """A comma after the one argument, which would make a tuple of it."""
    bare = _COMMENT.sub(lambda each: " " * len(each[0]), tail)
    place = bare.find(",")
    return place if place >= 0 else None
