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
_SHORTEST_KEY = 5
_SHORTEST_BEFORE_A_ROLE = 6  # `iconid_off`; shorter ones are words of their own (`valid_from`)
_IDENTIFIERS = frozenset({"id", "uuid", "guid"})
_NO_ROLES = SELECTORS | frozenset(
    {"at", "count", "hash", "key", "name", "names", "num", "number", "seq", "size", "text"}
)
_REMEMBERED = 1 << 14


class Reading(NamedTuple):
    """A column's name read as `<words>_<suffix>`, maybe with a role behind (`iconid_off`, `user_id_2`).

    `stems` are what the words could name, longest first (`author_user`, then `user`), each in all its spellings.
    `keys` are what a key that the name repeats could be called, the longest first (`scratchpoolid`, `poolid`). The
    suffix is empty for a name that is a table's, bare (`queue`).
    """

    words: tuple[str, ...]
    suffix: str
    stems: tuple[tuple[str, ...], ...]
    keys: tuple[str, ...] = ()
    role_behind: bool = False

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
    if not (
        lowered.endswith(_ENDINGS)
        or (lowered.startswith("id") and not lowered[2:3].isalpha())
        or (lowered[-1:] in digits and "id" in lowered)
        or "id_" in lowered
    ):
        return None
    return _read(name)


@lru_cache(_REMEMBERED)
def read_bare(name: str) -> Reading | None:
    """What a name without a suffix could be: a table's name, maybe with a role before it (`queue`, `parent_queue`)."""
    words = words_of(name)
    stems = tuple(spellings("_".join(words[start:])) for start in range(min(len(words), _MOST_TAILS)))
    return Reading(words, "", stems) if words else None


@lru_cache(_REMEMBERED)
def _read(name: str) -> Reading | None:
    words = words_of(name)
    kept = _without_role_behind(words)
    role_behind, words = kept != words, kept
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
    return Reading(stem, suffix, tails, _keys(words), role_behind) if stem else None


def _without_role_behind(words: tuple[str, ...]) -> tuple[str, ...]:
    """`user_id_2`, `selementid1`, `iconid_off`: the words up to the identifier; all of them where none is inside."""
    if not words:
        return words
    *first, last = words
    bare = last.rstrip(digits)
    if bare != last:
        found = (*first, bare) if bare else tuple(first)
        if found and (found[-1] in _IDENTIFIERS or (bare.endswith("id") and len(bare) >= _SHORTEST_BEFORE_A_ROLE)):
            return found
    if last not in _NO_ROLES and last not in _SUFFIXES and not last.endswith("id"):
        for place in range(len(words) - 2, -1, -1):
            word = words[place]
            joined = word.endswith("id") and len(word) >= _SHORTEST_BEFORE_A_ROLE
            if joined or (place > 0 and word in _IDENTIFIERS):
                return words[: place + 1]
    return words


def _keys(words: tuple[str, ...]) -> tuple[str, ...]:
    """The name in whole, then its last words, then the ends of the last word; a suffix alone is no key's name."""
    last = words[-1]
    names = ["_".join(words[start:]) for start in range(min(len(words), _MOST_TAILS))]
    if last in _SUFFIXES:
        names = [name for name in names if name != last]
    else:
        names += [last[start:] for start in range(len(last) - _SHORTEST_KEY + 1)]
    return tuple(dict.fromkeys(names))


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
