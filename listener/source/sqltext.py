"""SQL as code holds it: pieces that are written out, and holes for what is known only when it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import chain, product
from typing import Final, NamedTuple

MOST_ALTERNATIVES: Final = 12
"""Texts that one expression may come to (by conditions); beyond these it is dynamic."""


NOTHING: Final = "None"
"""What a hole is said to be where None stands: such a text is sent only where nobody asks first."""


class HoleKind(StrEnum):
    """What stands in a hole, as far as the code says it."""

    UNKNOWN = "unknown"
    VALUE = "value"
    IDENTIFIER = "identifier"


class Written(NamedTuple):
    """Characters that are in the file. `exact` says that they are there as they are, from that place on; otherwise the
    place is that of the whole literal. Lines count from 1, columns from 0, in characters. It is `assumed` where it is a
    default that a setting or a constructor may replace, and `bound` where placeholders have values before the call.
    It stands where the `engine` is another one. It is `adjacent` where it is one of several literals in a row."""

    text: str
    line: int
    column: int
    exact: bool = False
    file: str = ""
    assumed: bool = False
    bound: bool = False
    engine: str | None = None
    adjacent: bool = False


class Hole(NamedTuple):
    """What is not known; `said` is its expression."""

    kind: HoleKind
    said: str
    line: int
    column: int


class Filling(NamedTuple):
    """What the fields of a template are given, by place or name: those of `.format` where it is `formatted`, else those
    of `%`. The `hole` stands in all others."""

    formatted: bool
    given: tuple[tuple[int | str, Alternatives], ...]
    hole: Hole


class Reference(NamedTuple):
    """A text under a dotted name that another scope, class or file gives; `called` says that a function returns it,
    given these texts (by place or keyword; None is no text), or that it is the `place`th of what that returns. It is a
    template where there is a `filling` for it."""

    name: str
    line: int
    column: int
    called: bool = False
    given: tuple[tuple[int | str, Alternatives | None], ...] = ()
    place: int | None = None
    filling: Filling | None = None


class Parameter(NamedTuple):
    """What a caller of the function gives. With a `separator` it is joined from a list, each item put into `each` for
    lists.ITEM, and the separator before them `after` other items; as a `kind` it may be quoted as an identifier. It is
    `rewritten` where a function made another text of it that nobody follows."""

    name: str
    line: int
    column: int
    kind: HoleKind = HoleKind.UNKNOWN
    separator: str | None = None
    rewritten: bool = False
    each: Text | None = None
    after: bool = False


Piece = Written | Hole | Reference | Parameter
Text = tuple[Piece, ...]
Alternatives = tuple[Text, ...]


def written(text: Text) -> str | None:
    """The text where all of it is written out."""
    if all(isinstance(piece, Written) for piece in text):
        return "".join(piece.text for piece in text if isinstance(piece, Written))
    return None


def quoted(text: Text) -> Text | None:
    """The text as a quoted identifier, where all of it is written out; what stands in the file stays a piece."""
    name = written(text)
    first = text[0] if text else None
    if name is None or not isinstance(first, Written):
        return None
    if '"' in name:
        return (first._replace(text='"' + name.replace('"', '""') + '"', exact=False),)
    quote = first._replace(text='"', exact=False)
    return (quote, *text, quote)


def shown(text: Text) -> str:
    """The text for people: holes in braces."""
    return "".join(_shown(piece) for piece in text)


def concatenated(parts: Sequence[Alternatives], hole: Hole) -> Alternatives:
    """Every way to put one alternative of each part after the other; where these are too many, the hole."""
    number = 1
    for part in parts:
        number *= len(part)
    if number > MOST_ALTERNATIVES:
        return ((hole,),)
    return tuple(tuple(piece for text in chosen for piece in text) for chosen in product(*parts))


def either(several: Iterable[Alternatives], hole: Hole) -> Alternatives:
    """All alternatives, each once; where these are too many, the hole."""
    found = tuple(dict.fromkeys(text for each in several for text in each))
    return found if len(found) <= MOST_ALTERNATIVES else ((hole,),)


def is_pointless(text: Text) -> bool:
    """Whether there is None in it."""
    return any(isinstance(piece, Hole) and piece.said == NOTHING for piece in text)


def sensible(texts: Alternatives) -> Alternatives:
    """Those without None, where there are any: code that may have None asks for it."""
    return tuple(text for text in texts if not is_pointless(text)) or texts


def each_filled(texts: Alternatives | None, fill: Callable[[Text], Alternatives]) -> Alternatives | None:
    """What comes of the texts where the places in each are filled; None where nothing is written in any of them."""
    if texts is None or not any(isinstance(piece, Written) for text in texts for piece in text):
        return None
    return tuple(chain.from_iterable(map(fill, texts)))


def templates(texts: Alternatives | None) -> Reference | None:
    """The name of templates that another place holds, if that is what the texts are."""
    match texts:
        case ((Reference(filling=None) as reference,),):
            return reference
        case _:
            return None


def assumed(texts: Alternatives | None) -> Alternatives | None:
    """The same texts, as those of a default."""
    if texts is None:
        return None
    return tuple(
        tuple(piece._replace(assumed=True) if isinstance(piece, Written) else piece for piece in text) for text in texts
    )


def of_engine(texts: Alternatives, engine: str | None) -> Alternatives:
    """The same texts, for that engine."""
    if engine is None:
        return texts
    return tuple(
        tuple(piece._replace(engine=engine) if isinstance(piece, Written) else piece for piece in text)
        for text in texts
    )


def parameters(text: Text) -> Iterator[Parameter]:
    """The pieces that callers give."""
    return (piece for piece in text if isinstance(piece, Parameter))


def _shown(piece: Piece) -> str:
    match piece:
        case Written():
            return piece.text
        case Hole():
            return "{" + piece.said + "}"
        case _:
            return "{" + piece.name + "}"
