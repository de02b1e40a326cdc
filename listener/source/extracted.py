"""What was found in a tree: statements with their arguments, what is dynamic, and what could not be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .drivers.driver import Binding, Style
from .facts import Argument, Unreadable
from .secret import hidden
from .sqltext import Hole, HoleKind, Text, Written


class Site(NamedTuple):
    """A place in a file: line from 1, column in characters from 0."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class CodeStatement:
    """One SQL text on its way to a server.

    `text` is what is sent, in pieces that are written out and holes; `file` is where the pieces stand, `site` where
    they begin, `call` the call that hands them on, `through` the wrappers between, outermost first. `arguments` are the
    values in the order of the placeholders, or under their names; None where they are not known. `style` is how
    placeholders have to be written on this path, None where nobody can tell; it `rewrites` them where a wrapper makes
    another text of it. `not_live` says why it does not run, or not always, against the schema. What a driver
    does with values of `adapted` types is not known (adapters.ALL: of any).
    """

    text: Text
    site: Site
    call: Site
    said: str
    function: str
    driver: str | None = None
    style: Style | None = None
    binding: Binding = Binding.NONE
    arguments: tuple[Argument, ...] | None = None
    keyed: bool = False
    through: tuple[str, ...] = ()
    rewrites: bool = False
    engine: str | None = None
    condition: str | None = None
    not_live: str | None = None
    adapted: frozenset[str] = frozenset()

    @property
    def sql(self) -> str:
        """The text for people, with holes in braces, and without what may be a password."""
        said = "".join(piece.text if isinstance(piece, Written) else "{" + _name(piece) + "}" for piece in self.text)
        return hidden(said).encode(errors="backslashreplace").decode()

    @property
    def holes(self) -> tuple[Hole, ...]:
        """What is not known of the text."""
        return tuple(
            piece if isinstance(piece, Hole) else Hole(HoleKind.UNKNOWN, _name(piece), piece.line, piece.column)
            for piece in self.text
            if not isinstance(piece, Written)
        )

    @property
    def live(self) -> bool:
        """Whether it runs against the schema as far as one can see."""
        return self.not_live is None and self.engine is None


@dataclass(frozen=True, slots=True)
class Dynamic:
    """A call that sends SQL of which nothing is written out."""

    site: Site
    said: str


class Mapper(NamedTuple):
    """Where a library is imported that makes SQL of its own."""

    file: str
    line: int
    name: str


@dataclass(frozen=True, slots=True)
class Extraction:
    """All of a tree. `files` counts the Python files, `lines` theirs; `paths` are all that were looked at, the `mapper`
    is the first import of a library that makes SQL of its own."""

    statements: tuple[CodeStatement, ...] = ()
    dynamic: tuple[Dynamic, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    files: int = 0
    lines: int = 0
    paths: frozenset[str] = frozenset()
    mapper: Mapper | None = None


def _name(piece: object) -> str:
    return str(getattr(piece, "said", None) or getattr(piece, "name", ""))
