"""One change taken into a text that was changed elsewhere, or the line where both changed the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Final

from ...errors import PgmendError


class Collision(PgmendError):
    """Both changed the same lines; `line` (from 1) is where that is in the text as it is now."""

    def __init__(self, line: int) -> None:
        super().__init__(f"both changed line {line}")
        self.line = line


class TooDifferent(PgmendError):
    """The texts differ in so many lines that are like each other that comparing them would take for ever."""


_STEPS: Final = 100_000_000
"""Of comparing, at most: some ten seconds. SequenceMatcher may look at each pair of like lines once per line."""


def merged(base: bytes, now: bytes, wanted: bytes) -> bytes:
    """`now`, a successor of `base`, with what turns `base` into `wanted`; raises Collision, and TooDifferent."""
    old, current, new = _lines(base), _lines(now), _lines(wanted)
    unchanged = [(i, j, n) for i, j, n in _matching(old, current) if n]
    result: list[bytes] = []
    here = 0
    for first, last, start, end in _changes(old, new):
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


def _changes(old: Sequence[bytes], new: Sequence[bytes]) -> list[tuple[int, int, int, int]]:
    """What is between the parts that match: from and to in the old, from and to in the new."""
    found: list[tuple[int, int, int, int]] = []
    i = j = 0
    for start, there, size in _matching(old, new):
        if (i, j) != (start, there):
            found.append((i, start, j, there))
        i, j = start + size, there + size
    return found


def _matching(old: Sequence[bytes], new: Sequence[bytes]) -> list[tuple[int, int, int]]:
    """What is the same: where in the old, where in the new, how many lines. The last is the end of both, of none."""
    head = _alike(old, new)
    tail = _alike(old[head:][::-1], new[head:][::-1])
    a, b = old[head : len(old) - tail], new[head : len(new) - tail]
    seen = Counter(b)
    if sum(seen[line] for line in a) * min(len(a), len(b)) > _STEPS:
        raise TooDifferent("they differ in too many lines that are like each other")
    inner = [
        (each.a + head, each.b + head, each.size)
        for each in SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()
        if each.size
    ]
    return [(0, 0, head), *inner, (len(old) - tail, len(new) - tail, tail), (len(old), len(new), 0)]


def _alike(one: Sequence[bytes], other: Sequence[bytes]) -> int:
    """How many lines both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _lines(content: bytes) -> list[bytes]:
    return content.splitlines(keepends=True)
