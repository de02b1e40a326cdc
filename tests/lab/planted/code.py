"""Python source as it is put together: literals, blocks, and what a form makes of a statement."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from textwrap import indent

from .sender import INDENT, Sender
from .words import Name, Sql, Value


@dataclass
class Code:
    """What a form makes: the `expression` that stands where SQL does, and what has to stand elsewhere for it: `above`
    in the module, `held` in a class around, `setup` in the function, `files` beside. The function is `given` more. It
    is `ready` where the driver's wrapping is done."""

    expression: str
    above: list[str] = field(default_factory=list[str])
    held: list[str] = field(default_factory=list[str])
    setup: list[str] = field(default_factory=list[str])
    given: list[str] = field(default_factory=list[str])
    files: dict[str, str] = field(default_factory=dict[str, str])
    ready: bool = False


@dataclass(frozen=True)
class Draft:
    """A statement on its way into code: its words, and each as it is written for the sender."""

    number: int
    chance: random.Random
    sender: Sender
    words: Sql
    pieces: list[str]

    @property
    def text(self) -> str:
        """The whole statement."""
        return "".join(self.pieces)

    def name(self, stem: str) -> str:
        """A name that no other case has."""
        return f"{stem}_{self.number}"

    def literal(self, text: str) -> str:
        """The text as a literal of Python, in one of the ways to write it."""
        return literal(text, self.chance)

    def halves(self, number: int = 2) -> list[str]:
        """The statement in so many parts, cut between words."""
        inner = range(1, len(self.pieces))
        cuts = sorted(self.chance.sample(inner, min(number - 1, len(inner))))
        return ["".join(self.pieces[start:end]) for start, end in zip([0, *cuts], [*cuts, None], strict=True)]

    def names(self) -> list[int]:
        """The places of the words that are names, of which some are put in apart: not those of two parts."""
        return [n for n, each in enumerate(self.words) if isinstance(each, Name) and len(each.parts) == 1]

    def apart(self) -> list[int]:
        """Some of these places."""
        there = self.names()
        return sorted(self.chance.sample(there, self.chance.randint(1, len(there)))) if there else []

    def bound(self) -> bool:
        """Whether values are bound."""
        return any(isinstance(each, Value) for each in self.words)

    def where_is_last(self) -> bool:
        """Whether what comes behind the statement adds to its WHERE."""
        depth, last = 0, ""
        for each in self.words:
            if isinstance(each, str):
                depth += each.count("(") - each.count(")")
                if depth == 0 and each in (
                    "where",
                    "from",
                    "join",
                    "order",
                    "group",
                    "returning",
                    "do",
                    "union",
                    "limit",
                ):
                    last = each
        return last == "where" and self.words[0] in ("select", "update", "delete")


def literal(text: str, chance: random.Random) -> str:
    """The text as a literal of Python."""
    ways = [_between('"', text), _between("'", text)]
    if '"' in text:
        ways = [_between("'", text)] * 3 + ways
    if "\\" not in text and '"""' not in text and not text.endswith('"'):
        ways.append(f'"""{text}"""')
    if "\\" not in text and "'" not in text:
        ways.append(f"r'{text}'")
    return chance.choice(ways)


def _between(quote: str, text: str) -> str:
    return quote + text.replace("\\", "\\\\").replace(quote, "\\" + quote) + quote


def block(head: str, body: Sequence[str]) -> str:
    """A compound statement."""
    return head + "\n" + indent("\n".join(body) or "pass", INDENT)


def braces_doubled(text: str) -> str:
    """For `.format` and f-strings."""
    return text.replace("{", "{{").replace("}", "}}")


def percents_doubled(text: str) -> str:
    """For `%`."""
    return text.replace("%", "%%")
