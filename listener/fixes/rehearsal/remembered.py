"""What a rehearsal came to a moment ago: the same plan, tables and statements come to the same.

A database that is made and dropped costs the server a checkpoint (on 14 three), and a plan that is queued alone is
rehearsed then and a moment before it is done.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from weakref import WeakKeyDictionary

from ...expected.portrait import ObjectName, Portrait, Portrayed
from ...statements.statement import Known, Statement, Unread
from ..plan import Proof, Verdict

FOR: Final = timedelta(minutes=10)
_MOST: Final = 8
_Results = OrderedDict["tuple[object, ...]", "_Result"]
_REMEMBERED: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, _Results]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class _Result:
    proofs: tuple[Proof, ...]
    statements: frozenset[Statement]
    unread: frozenset[Unread]
    gaps: tuple[str, ...]
    objects: Mapping[ObjectName, Portrayed]
    trusted: frozenset[str]
    until: float


class Remembered:
    """What one rehearsal is about: `key` names who asks what of which database, the rest is what the proofs come of."""

    def __init__(self, key: tuple[object, ...], known: Known, portrait: Portrait, trusted: frozenset[str]) -> None:
        self._key = key
        self._known = known
        self._portrait = portrait
        self._trusted = trusted

    def proofs(self) -> tuple[Proof, ...] | None:
        """What it came to, where nothing is otherwise since."""
        result = _results().get(self._key)
        if result is None or result.until < time.monotonic():
            return None
        return result.proofs if self._result(result.proofs, result.until) == result else None

    def keep(self, proofs: tuple[Proof, ...]) -> None:
        """Remember it. What could not be proved may be for want of time, or of somebody's leave."""
        if any(proof.verdict is Verdict.UNPROVED for proof in proofs):
            return
        results = _results()
        results[self._key] = self._result(proofs, time.monotonic() + FOR.total_seconds())
        results.move_to_end(self._key)
        while len(results) > _MOST:
            results.popitem(last=False)

    def _result(self, proofs: tuple[Proof, ...], until: float) -> _Result:
        known = self._known
        statements, unread = frozenset(known.statements), frozenset(known.unread)
        return _Result(proofs, statements, unread, known.gaps, self._portrait.objects, self._trusted, until)


def _results() -> _Results:
    return _REMEMBERED.setdefault(asyncio.get_running_loop(), OrderedDict())
