"""A file of code as it is on disk: its bytes, its characters, and the way between them."""

from __future__ import annotations

import re
import tokenize
from codecs import BOM_UTF8
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from typing import Final

from ...errors import PgmendError
from ..sqltext import Written
from .literals import Literal, Literals, Spot

_LINE_END: Final = re.compile(r"\r\n|\r|\n")


class NotEditable(PgmendError):
    """A file whose text cannot be changed byte for byte, and why."""


@dataclass(frozen=True)
class CodeFile:
    """`path` is as `Site.file` names it. `text` has the line ends of the file, and no byte order mark."""

    path: str
    content: bytes
    encoding: str = field(init=False)
    text: str = field(init=False)

    def __post_init__(self) -> None:
        """Raises NotEditable where the bytes are no text, or one that another run of bytes stands for, too."""
        try:
            object.__setattr__(self, "encoding", self._declared())
            object.__setattr__(self, "text", self.content.decode(self.encoding))
            same = self.text.encode(self.encoding) == self.content
        except (SyntaxError, LookupError, ValueError) as error:
            raise NotEditable(f"{self.path} cannot be read as text: {error}.") from error
        if not same:
            raise NotEditable(f"{self.path} is written in {self.encoding} as no program would write it anew.")

    def encoded(self, text: str) -> bytes:
        """The bytes of another text in the same encoding; raises NotEditable for what that has no characters for."""
        try:
            return text.encode(self.encoding)
        except UnicodeEncodeError as error:
            lacking = error.object[error.start : error.end]
            raise NotEditable(f"{self.path} is written in {self.encoding}, which has no {lacking!r}.") from error

    def offset(self, line: int, column: int) -> int:
        """The offset in `text` of a place (line from 1, column from 0)."""
        return self._starts[line - 1] + column

    def line(self, offset: int) -> int:
        """The line, from 1, that the character is on."""
        return len(_LINE_END.findall(self.text, 0, offset)) + 1

    def literal_at(self, offset: int) -> Literal | None:
        """The string literal of a Python file that the character is in."""
        return self._literals.at(offset)

    def spots(self, piece: Written) -> tuple[Spot, ...] | None:
        """Where each character of the piece stands; None where that is not known for sure."""
        if not 0 < piece.line <= len(self._starts):
            return None
        start = self.offset(piece.line, piece.column)
        if not self._is_python:
            same = piece.exact and self.text.startswith(piece.text, start)
            return tuple(Spot(start + each, start + each + 1) for each in range(len(piece.text))) if same else None
        literal = self._literals.at(start)
        if literal is None:
            return None
        return literal.spots(piece.text, start if piece.exact else None)

    @property
    def _is_python(self) -> bool:
        return self.path.endswith(".py")

    def _declared(self) -> str:
        if self._is_python:
            return tokenize.detect_encoding(BytesIO(self.content).readline)[0]
        return "utf-8-sig" if self.content.startswith(BOM_UTF8) else "utf-8"

    @cached_property
    def _starts(self) -> list[int]:
        """Where lines begin. Those of files that are no Python end where `\\n` does."""
        ends = _LINE_END if self._is_python else re.compile("\n")
        return [0, *(each.end() for each in ends.finditer(self.text))]

    @cached_property
    def _literals(self) -> Literals:
        return Literals(self.text, self._starts)
