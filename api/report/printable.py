"""Text from the database as people may be shown it: no escape sequence survives, nothing is reordered or unseen."""

from __future__ import annotations

import unicodedata

_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def printable(text: str) -> str:
    """The text with control, formatting (bidi) and surrogate characters written out as escapes; line ends stay.

    For reading only: what is to be run goes through `script.runnable`.
    """
    return "".join(_written_out(each) if each != "\n" and is_hidden(each) else each for each in text)


def one_line(text: str) -> str:
    """As `printable`, with line ends written out too: for a name or a sentence among others on its line."""
    return "".join(_written_out(each) if is_hidden(each) else each for each in text)


def is_hidden(character: str) -> bool:
    """Whether a reader would not see it, or see something else for it."""
    return unicodedata.category(character) in _HIDDEN_CATEGORIES


def _written_out(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
