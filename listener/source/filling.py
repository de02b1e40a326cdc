"""Templates filled by `.format` or `%`: a text with something in each of its fields."""

from __future__ import annotations

import re
from collections.abc import Callable
from string import Formatter
from typing import Final

from .place import after
from .sqltext import Alternatives, Filling, Hole, Piece, Text, Written, concatenated

Fill = Callable[[int | str], Alternatives]
"""What stands in the field of that number or name."""
_FORMATTER: Final = Formatter()
_CONVERSION: Final = re.compile(r"%(?:\((?P<name>[^)]*)\))?[#0\- +]*[\d*]*(?:\.\d+)?(?P<kind>[a-zA-Z%])")


def formatted(text: Text, fill: Fill, hole: Hole) -> Alternatives:
    """The text as `.format` makes it; the hole where it is no template."""
    parts: list[Alternatives] = []
    number = 0
    for piece in text:
        if not isinstance(piece, Written):
            parts.append(((piece,),))
            continue
        try:
            fields = list(_FORMATTER.parse(piece.text))
        except ValueError:
            return ((hole,),)
        whole = len(fields) == 1 and fields[0][1] is None
        for literal, field, _, _ in fields:
            exact = piece.exact and whole
            parts.append(((Written(literal, piece.line, piece.column, exact=exact, file=piece.file),),))
            if field is None:
                continue
            parts.append(fill(number if field == "" else int(field) if field.isdigit() else field))
            number += field == ""
    return concatenated(parts, hole)


def interpolated(text: Text, fill: Fill, hole: Hole) -> Alternatives:
    """The text as `%` makes it."""
    parts: list[Alternatives] = []
    number = 0
    for piece in text:
        if not isinstance(piece, Written):
            parts.append(((piece,),))
            continue
        done = 0
        for match in _CONVERSION.finditer(piece.text):
            parts.append(((_cut(piece, done, match.start()),),))
            done = match.end()
            if match["kind"] == "%":
                parts.append(((Written("%", *after(piece, match.start()), file=piece.file),),))
                continue
            parts.append(fill(number if match["name"] is None else match["name"]))
            number += match["name"] is None
        parts.append(((_cut(piece, done, len(piece.text)),),))
    return concatenated(parts, hole)


def completed(text: Text, filling: Filling) -> Alternatives:
    """The text with what is given for its fields."""
    given = dict(filling.given)
    fill = formatted if filling.formatted else interpolated
    return fill(text, lambda key: given.get(key, ((filling.hole,),)), filling.hole)


def _cut(piece: Written, start: int, end: int) -> Piece:
    return Written(piece.text[start:end], *after(piece, start), exact=piece.exact, file=piece.file)
