"""One change taken into a text that was changed elsewhere, or the line where both changed the same."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from ...errors import PgmendError


class Collision(PgmendError):
    """Both changed the same lines; `line` (from 1) is where that is in the text as it is now."""

    def __init__(self, line: int) -> None:
        super().__init__(f"both changed line {line}")
        self.line = line


def merged(base: bytes, now: bytes, wanted: bytes) -> bytes:
    """`now`, a successor of `base`, with what turns `base` into `wanted`; raises Collision."""
    old, current, new = _lines(base), _lines(now), _lines(wanted)
    unchanged = [(i, j, n) for i, j, n in _matching(old, current) if n]
    result: list[bytes] = []
    here = 0
    for _, first, last, start, end in _changes(old, new):
        place = _place(unchanged, first, last)
        if place is None or place < here:
            raise Collision(_near(unchanged, first))
        result += [*current[here:place], *new[start:end]]
        here = place + last - first
    return b"".join((*result, *current[here:]))


def _place(unchanged: Sequence[tuple[int, int, int]], first: int, last: int) -> int | None:
    """Where the lines are now, if they and those next to them are as they were."""
    for i, j, n in unchanged:
        if i <= first and last <= i + n:
            return j + first - i
    return None


def _near(unchanged: Sequence[tuple[int, int, int]], first: int) -> int:
    """About where the line would be now."""
    before = [(i, j, n) for i, j, n in unchanged if i <= first]
    if not before:
        return 1
    i, j, n = before[-1]
    return j + min(first - i, n) + 1


def _changes(old: Sequence[bytes], new: Sequence[bytes]) -> list[tuple[str, int, int, int, int]]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return [each for each in matcher.get_opcodes() if each[0] != "equal"]


def _matching(old: Sequence[bytes], new: Sequence[bytes]) -> list[tuple[int, int, int]]:
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    return [(each.a, each.b, each.size) for each in blocks]


def _lines(content: bytes) -> list[bytes]:
    return content.splitlines(keepends=True)
