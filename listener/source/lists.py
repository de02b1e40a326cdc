"""Lists of texts: what code collects before it joins it, or names by the keys of a mapping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from .sqltext import Alternatives, Hole, HoleKind, Parameter, Reference, Text, Written, concatenated, either

ITEM: Final = "*"
"""The name of the parameter that stands for each item of a list that a caller gives."""


@dataclass(frozen=True, slots=True)
class Spread:
    """All items of a list, or keys of a mapping, that a caller gives, each put into the text `each` for ITEM."""

    parameter: Parameter
    each: Text
    optional: bool = False


Item = Alternatives | Spread | None
"""One text of a list, of which one alternative may be empty: then it is not always there. None is any number of
others."""
Listed = tuple[Item, ...]


def item() -> Text:
    """What stands for an item."""
    return (Parameter(ITEM, 0, 0),)


def put_in(each: Text, given: Text) -> Text:
    """The text with what is given for ITEM."""
    found: list[Text] = []
    for piece in each:
        if isinstance(piece, Parameter) and piece.name == ITEM:
            found.append(given)
        elif isinstance(piece, Reference) and piece.given:
            filled = tuple((key, texts and tuple(put_in(text, given) for text in texts)) for key, texts in piece.given)
            found.append((piece._replace(given=filled),))
        else:
            found.append((piece,))
    return tuple(piece for text in found for piece in text)


def mapped(listed: Listed, each: Text) -> Listed:
    """Each item put into a text."""
    found: list[Item] = []
    for one in listed:
        match one:
            case None:
                found.append(None)
            case Spread():
                found.append(replace(one, each=put_in(each, one.each)))
            case _:
                found.append(tuple(put_in(each, text) if text else text for text in one))
    return tuple(found)


def joined(separator: Text, listed: Listed, hole: Hole) -> Alternatives:
    """The items with the separator between them: all, and those that are always there; the hole where some are not
    known."""
    whole = _run(separator, listed, hole)
    least = tuple(each for each in listed if not _is_optional(each))
    return whole if len(least) == len(listed) else either([whole, _run(separator, least, hole)], hole)


def _run(separator: Text, listed: Listed, hole: Hole) -> Alternatives:
    parts: list[Alternatives] = []
    for one in listed:
        match one:
            case Spread(parameter=parameter, each=each):
                # What a caller gives before other items is taken for a list that has some.
                between = separator[0] if len(separator) == 1 else None
                if not isinstance(between, Written):
                    return ((hole,),)
                filled = parameter._replace(separator=between.text, each=each, after=bool(parts))
                parts.append(((filled,),))
            case None:
                return ((hole,),)
            case _:
                parts += [(separator,)] if parts else []
                parts.append(tuple(text for text in one if text) or ((),))
    return concatenated(parts, hole)


def merged(several: Sequence[Listed | None], hole: Hole) -> Listed:
    """The list after branches: place by place what any of them has there."""
    known = [each for each in several if each is not None]
    longest = max(map(len, known), default=0)
    found = [_one_of([each[place] if place < len(each) else () for each in known], hole) for place in range(longest)]
    return tuple(found) if len(known) == len(several) else (*found, None)


def grown(before: Listed, after: Listed, over: Listed | None) -> Listed:
    """The list after a loop over another one: what it adds may not be there, or several times, of which once is
    enough."""
    if after[: len(before)] != before:
        return (*before, None)
    added = [each for one in after[len(before) :] for each in _for_each(one, over)]
    return (*before, *added)


def _for_each(one: Item, over: Listed | None) -> Listed:
    """What a text that is added in each round comes to."""
    if over is not None and isinstance(one, tuple) and len(one) == 1 and _has_item(one[0]):
        return mapped(over, one[0])
    return (_perhaps(one),)


def _has_item(text: Text) -> bool:
    return any(isinstance(piece, Parameter) and piece.name == ITEM for piece in text)


def _perhaps(one: Item) -> Item:
    match one:
        case None:
            return None
        case Spread():
            return replace(one, optional=True)
        case _ if any(map(_has_item, one)):
            return None
        case _:
            return one if () in one else (*one, ())


def _one_of(items: Sequence[Item | tuple[()]], hole: Hole) -> Item:
    """What stands at a place of which branches have these; an empty tuple where one has nothing."""
    first = items[0]
    if all(each == first for each in items):
        return first
    there = [each for each in items if each != ()]
    if any(each is None or isinstance(each, Spread) for each in there):
        return _perhaps(there[0]) if all(each == there[0] for each in there) else None
    texts = [each for each in there if each is not None and not isinstance(each, Spread)]
    found = either(texts, hole)
    return found if len(there) == len(items) else _perhaps(found)


def _is_optional(one: Item) -> bool:
    return one.optional if isinstance(one, Spread) else one is not None and () in one


def hole_kind(each: Text) -> HoleKind:
    """What stands for items that are not known, each put into that text."""
    first = each[0] if each else None
    is_placeholder = len(each) == 1 and isinstance(first, Written) and first.text.strip().startswith(PLACEHOLDERS)
    return HoleKind.VALUE if is_placeholder else HoleKind.UNKNOWN


PLACEHOLDERS: Final = ("%s", "?", "$", ":")
