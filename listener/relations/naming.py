"""What names say: which table a column's name could speak of, and under which words a table may be spoken of.

English only, on purpose: in another language equal words are equal, and nothing more is concluded.
"""

from __future__ import annotations

import re
from functools import lru_cache
from string import ascii_lowercase, digits
from typing import NamedTuple

SELECTORS = frozenset({"type", "kind", "class", "model", "table", "entity"})
"""Last words of columns that say which table another column of the row means."""

_SUFFIXES = frozenset({"id", "uuid", "guid", "uid", "fk", "pk", "key", "code", "no", "ref"})
_PRIMARY_SUFFIXES = frozenset({"id", "fk", "pk"})
_ENDINGS = ("id", "fk", "pk", "key", "code", "no", "ref")
_PLAIN = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)*", re.ASCII)
_SEPARATORS = re.compile(r"[\W_]+")
_CAMEL = re.compile(r"(?<=[^\W_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_IRREGULAR = {
    "people": "person",
    "men": "man",
    "women": "woman",
    "children": "child",
    "mice": "mouse",
    "feet": "foot",
    "indices": "index",
    "vertices": "vertex",
    "matrices": "matrix",
    "analyses": "analysis",
    "criteria": "criterion",
    "media": "medium",
    "data": "datum",
}
_IRREGULAR_ENDINGS = tuple(_IRREGULAR)
_NO_PLURALS = ("ss", *(f"_{letter}s" for letter in ascii_lowercase + digits), "_s")
_MOST_TAILS = 3
_SHORTEST_JOINED = 4
_REMEMBERED = 1 << 14


class Reading(NamedTuple):
    """A column's name read as `<words>_<suffix>`.

    `stems` are what the words could name, longest first (`author_user`, then `user`), each in all its spellings.
    """

    words: tuple[str, ...]
    suffix: str
    stems: tuple[tuple[str, ...], ...]

    @property
    def means_primary_key(self) -> bool:
        """Whether the suffix says no more than "its key", whatever the key column is called."""
        return self.suffix in _PRIMARY_SUFFIXES


@lru_cache(_REMEMBERED)
def words_of(name: str) -> tuple[str, ...]:
    """The words of an identifier in lower case: `authorUserId`, `author-user-id` and `author_user_id` are one."""
    if _PLAIN.fullmatch(name):
        return tuple(name.split("_"))
    return tuple(word for word in _SEPARATORS.split(_CAMEL.sub("_", name).lower()) if word)


def read_column(name: str) -> Reading | None:
    """What the name speaks of; None where it speaks of no key, as most names do."""
    lowered = name.lower()
    if not lowered.endswith(_ENDINGS) and not (lowered.startswith("id") and not lowered[2:3].isalpha()):
        return None
    return _read(name)


@lru_cache(_REMEMBERED)
def _read(name: str) -> Reading | None:
    words = words_of(name)
    suffix = words[-1] if words else ""
    if suffix in _SUFFIXES:
        stem = words[:-1]
        if suffix in ("fk", "ref") and stem and stem[-1] in ("id", "uuid"):
            stem = stem[:-1]
    elif words and words[0] == "id":
        stem, suffix = words[1:], "id"
    elif suffix.endswith("id") and len(suffix) >= _SHORTEST_JOINED:
        stem, suffix = (*words[:-1], suffix[:-2]), "id"
    else:
        return None
    tails = tuple(spellings("_".join(stem[start:])) for start in range(min(len(stem), _MOST_TAILS)))
    return Reading(stem, suffix, tails) if stem else None


def read_table(name: str) -> str:
    """The words of a table's name with underscores between them."""
    return name if _PLAIN.fullmatch(name) else "_".join(words_of(name))


@lru_cache(_REMEMBERED)
def table_spellings(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The spellings of a table's name, and those of its name without the first word."""
    words = read_table(name)
    return spellings(words), spellings(words.partition("_")[2])


def spellings(name: str) -> tuple[str, ...]:
    """Words joined by underscores, as they stand and with the last in each singular it may have; nothing for none."""
    if name.endswith(_IRREGULAR_ENDINGS):
        last = name.rpartition("_")[2]
        if last in _IRREGULAR:
            return (name, name[: len(name) - len(last)] + _IRREGULAR[last])
    if not name.endswith("s") or name.endswith(_NO_PLURALS) or len(name) < 3 or not name.isascii():
        return (name,) if name else ()
    if not name.endswith("es"):
        return (name, name[:-1])
    if name.endswith("ies") and len(name.rpartition("_")[2]) > 4:
        return (name, name[:-3] + "y", name[:-1])
    return (name, name[:-1], name[:-2])
