"""One change of a file's text: everything outside of it keeps every byte."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...errors import PgmendError


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """`text` in the place of the characters `start` to `end` of `file` (as `Site.file` names it), and why.

    Characters are those of the file as decoded by its own encoding, line ends as they are (`\\r\\n` counts two, a byte
    order mark none).
    """

    file: str
    start: int
    end: int
    text: str
    why: str


class OverlappingEdits(PgmendError):
    """Two changes want different texts in the same place."""


def rewritten(source: str, edits: Iterable[Edit]) -> str:
    """The text with all edits, which are of one file. Equal changes count once.

    Raises OverlappingEdits where two differ about the same characters, or put different texts at the same place.
    """
    pieces: list[str] = []
    here = 0
    last: Edit | None = None
    for edit in sorted(edits):
        if last is not None and (edit.start, edit.end, edit.text) == (last.start, last.end, last.text):
            continue
        if last is not None and (edit.start < here or edit.start == last.start):
            raise OverlappingEdits(f"{edit.file}: {last.why} / {edit.why}: both change the same place.")
        pieces += (source[here : edit.start], edit.text)
        here, last = edit.end, edit
    return "".join((*pieces, source[here:]))
