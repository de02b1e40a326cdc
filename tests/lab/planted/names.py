"""Names as people give them, and worse: quoted, of mixed case, of other alphabets, reserved, 63 bytes long."""

from __future__ import annotations

import random
import re
from typing import Final

_PLAIN: Final = re.compile(r"[a-z_][a-z0-9_]*")
_RESERVED: Final = frozenset({"user", "order", "group", "select", "table", "end", "limit", "check", "desc"})
_FLAVOURS: Final = (
    *("{}", "{}", "{}", "{}_id", "{}_name"),
    *("{C}Id", "{C} Of", "größe_{}", "{}数", "e-{}", "{}.{}", 'a "{}"', "{}?", "100% {}", "{}:{}", "{{{}}}", "it's {}"),
)
_MOST_BYTES: Final = 63


def quoted(name: str) -> str:
    """The name as SQL wants it."""
    if _PLAIN.fullmatch(name) and name not in _RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


class Names:
    """Gives names, each once."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._given: set[str] = set()

    def reserve(self, *names: str) -> None:
        """Never give these."""
        self._given.update(names)

    def fresh(self, stem: str) -> str:
        """A name that has the stem in it, or a word of SQL in its place."""
        while True:
            name = self._drawn(stem)
            if name not in self._given:
                self._given.add(name)
                return name

    def _drawn(self, stem: str) -> str:
        fate = self._chance.random()
        if fate < 0.05:
            return self._chance.choice(sorted(_RESERVED))
        if fate < 0.1:
            return (stem + "é" * _MOST_BYTES).encode()[: _MOST_BYTES - len(stem) % 2].decode(errors="ignore")
        flavour = self._chance.choice(_FLAVOURS)
        return flavour.format(*[stem] * flavour.count("{}"), C=stem.capitalize())


def mistaken(name: str, end: str, chance: random.Random) -> str:
    """A name that is near to the real one, and that nothing has: `end` is in it."""
    kept = name.encode()[: _MOST_BYTES - len(end) - 1].decode(errors="ignore")
    return chance.choice((f"{kept}s{end}", f"{kept}_{end}", f"{kept[:-1]}{end}z"))
